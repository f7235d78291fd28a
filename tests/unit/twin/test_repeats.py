import itertools

import pytest

from fairway.twin.repeats import KEPT, Repeats

CALL = {"amz-sdk-invocation-id": "a", "amz-sdk-request": "attempt=1"}
AGAIN = {"amz-sdk-invocation-id": "a", "amz-sdk-request": "attempt=2"}


@pytest.fixture
def act():
    count = itertools.count(1)
    return lambda: {"Number": next(count)}


def test_a_repeated_create_gets_the_answer_that_was_lost(act):
    repeats = Repeats()
    first = repeats.once("CreateEndpoint", CALL, b"{}", act)
    assert repeats.once("CreateEndpoint", AGAIN, b"{}", act) == first


@pytest.mark.parametrize(
    ("operation", "headers", "body"),
    [
        ("CreateEndpoint", {"amz-sdk-invocation-id": "b"}, b"{}"),
        ("CreateEndpoint", {}, b"{}"),
        ("CreateEndpoint", AGAIN, b"other"),
        ("CreateModel", AGAIN, b"{}"),
    ],
)
def test_another_call_is_done(act, operation, headers, body):
    repeats = Repeats()
    repeats.once("CreateEndpoint", CALL, b"{}", act)
    assert repeats.once(operation, headers, body, act) == {"Number": 2}


def test_what_is_no_create_is_done_each_time(act):
    repeats = Repeats()
    repeats.once("UpdateEndpoint", CALL, b"{}", act)
    assert repeats.once("UpdateEndpoint", AGAIN, b"{}", act) == {"Number": 2}


def test_an_error_is_not_remembered(act):
    def fail():
        raise ValueError

    repeats = Repeats()
    with pytest.raises(ValueError):  # noqa: PT011 -- which error is no matter
        repeats.once("CreateEndpoint", CALL, b"{}", fail)
    assert repeats.once("CreateEndpoint", AGAIN, b"{}", act) == {"Number": 1}


def test_only_so_many_are_kept(act):
    repeats = Repeats()
    for number in range(KEPT + 1):
        repeats.once("CreateEndpoint", {"amz-sdk-invocation-id": str(number)}, b"{}", act)
    assert repeats.once("CreateEndpoint", {"amz-sdk-invocation-id": "0"}, b"{}", act) == {"Number": KEPT + 2}
    assert repeats.once("CreateEndpoint", {"amz-sdk-invocation-id": "9"}, b"{}", act) == {"Number": 10}
