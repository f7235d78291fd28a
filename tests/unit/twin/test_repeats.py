import asyncio
import itertools

import pytest

from fairway.twin.repeats import KEPT, LARGEST, Repeats


class Counting:
    """An ASGI application that answers with the number of the request."""

    def __init__(self, status=200, size=0):
        self.status, self.size, self.count = status, size, itertools.count(1)
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, _scope, _receive, send):
        number = next(self.count)
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": str(number).encode().zfill(self.size)})


def call(invocation="a", *, attempt=1, method="POST", path="/", target="SageMaker.CreateEndpoint", access_key="root"):
    headers = {
        "amz-sdk-invocation-id": invocation,
        "amz-sdk-request": f"attempt={attempt}",
        "X-Amz-Target": target,
        "authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/20261122/us-east-1/sagemaker/aws4_request",
    }
    pairs = [(name.encode(), value.encode()) for name, value in headers.items() if value]
    return {"type": "http", "method": method, "path": path, "headers": pairs}


async def ask(repeats, scope):
    body = b""

    async def send(message):
        nonlocal body
        body += message.get("body", b"")

    await repeats(scope, None, send)
    return body.lstrip(b"0")


def ask_all(application, *scopes):
    """Return the answers to requests that come one after the other."""

    async def run():
        repeats = Repeats(application)
        return [await ask(repeats, scope) for scope in scopes]

    return asyncio.run(run())


def test_a_repeated_call_gets_the_answer_that_was_lost():
    assert ask_all(Counting(), call(), call(attempt=2), call(attempt=3)) == [b"1", b"1", b"1"]


@pytest.mark.parametrize(
    "other",
    [
        {"invocation": "b"},
        {"invocation": ""},
        {"path": "/2015-03-31/functions"},
        {"target": "SageMaker.CreateModel"},
        {"access_key": "another"},
    ],
)
def test_another_call_is_done(other):
    assert ask_all(Counting(), call(), call(**other)) == [b"1", b"2"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_no_post_is_done_each_time(method):
    assert ask_all(Counting(), call(method=method), call(method=method, attempt=2)) == [b"1", b"2"]


@pytest.mark.parametrize("status", [400, 409, 500])
def test_an_error_is_not_remembered(status):
    assert ask_all(Counting(status), call(), call(attempt=2)) == [b"1", b"2"]


def test_a_large_answer_is_not_remembered():
    assert ask_all(Counting(size=LARGEST + 1), call(), call(attempt=2)) == [b"1", b"2"]


def test_an_application_that_raises_leaves_nothing_to_wait_for():
    async def fail(*_asgi):
        raise ValueError

    async def run():
        repeats = Repeats(fail)
        for _ in range(2):
            with pytest.raises(ValueError):  # noqa: PT011 -- which error is no matter
                await ask(repeats, call())

    asyncio.run(run())


def test_an_attempt_waits_for_the_one_that_is_still_worked_on():
    async def run():
        application = Counting()
        application.go_on.clear()
        repeats = Repeats(application)
        attempts = [asyncio.ensure_future(ask(repeats, call(attempt=number))) for number in (1, 2)]
        await asyncio.sleep(0)
        application.go_on.set()
        return await asyncio.gather(*attempts)

    assert asyncio.run(run()) == [b"1", b"1"]


def test_only_so_many_are_kept():
    scopes = [call(str(number)) for number in range(KEPT + 1)]
    answers = ask_all(Counting(), *scopes, call("0"), call("9"))
    assert answers[-2:] == [str(KEPT + 2).encode(), b"10"]
