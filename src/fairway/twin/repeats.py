"""A call that an SDK repeats because it lost the answer is not done twice."""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

KEPT = 256
LARGEST = 64 * 1024
_ACCESS_KEY = re.compile(rb"Credential=([^/]+)/")


class Repeats:
    """An ASGI application in front of another one: it remembers what POST requests were lately answered with success.

    All attempts of one call carry one `amz-sdk-invocation-id`. AWS answers the second attempt at a Create with "already
    existing"; on a machine that is busy with a rehearsal, that would blame the rehearsed for the machine's load. A
    second attempt that comes while the first is still worked on waits for its answer.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._calls: OrderedDict[tuple[bytes, ...], asyncio.Future[list[Message] | None]] = OrderedDict()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request: once more, if an earlier attempt of the same call was answered."""
        key = _key(scope)
        if key is None:
            await self._application(scope, receive, send)
            return
        earlier = self._calls.get(key)
        if earlier is not None and (answer := await asyncio.shield(earlier)) is not None:
            logger.warning("%s %s was repeated: it is answered as before", scope["path"], key[-1].decode("latin-1"))
            for message in answer:
                await send(message)
            return
        await self._answer(key, scope, receive, send)

    async def _answer(self, key: tuple[bytes, ...], scope: Message, receive: Receive, send: Send) -> None:
        answered: asyncio.Future[list[Message] | None] = asyncio.get_running_loop().create_future()
        self._calls[key] = answered
        while len(self._calls) > KEPT:
            self._calls.popitem(last=False)
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)
            await send(message)

        try:
            await self._application(scope, receive, keep)
        finally:
            kept = messages if _worth_keeping(messages) else None
            answered.set_result(kept)
            if kept is None and self._calls.get(key) is answered:
                del self._calls[key]


def _key(scope: Message) -> tuple[bytes, ...] | None:
    """Return what all attempts of one call have in common; None for what may be done again."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    headers = {name.lower(): value for name, value in scope["headers"]}
    invocation = headers.get(b"amz-sdk-invocation-id")
    if not invocation:
        return None
    access_key = _ACCESS_KEY.search(headers.get(b"authorization", b""))
    who = access_key[1] if access_key else b""
    return invocation, who, scope["path"].encode(), headers.get(b"x-amz-target", b"")


def _worth_keeping(messages: list[Message]) -> bool:
    whole = bool(messages) and not messages[-1].get("more_body") and len(messages) > 1
    size = sum(len(message.get("body", b"")) for message in messages)
    return whole and 200 <= messages[0]["status"] < 300 and size <= LARGEST
