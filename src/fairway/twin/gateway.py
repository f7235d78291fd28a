"""The one door: by the service in a request's signature, to the twin's own services or on to ministack."""

import asyncio
import contextvars
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from fairway.twin import api, base, guards
from fairway.twin.runtime.sources_connections import complete
from fairway.twin.runtime.training import TrainingEngine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping
    from concurrent.futures import Executor

    from fairway.twin.context import Twin
    from fairway.twin.services import Services

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

HEALTH_PATH = "/_fairway/health"
# The click in the console that completes a connection has no API on AWS: this door is the twin's own.
_CONNECTION_PATH = re.compile(r"/_fairway/connections/([0-9a-f-]{36})")
# Nor has what AWS does by itself: taking the spot instances of a training job away.
_INTERRUPTION_PATH = re.compile(r"/_fairway/interruptions/([A-Za-z0-9-]{1,63})")
# A loopback has no wire to tap: policies that ask for TLS (aws:SecureTransport) take it for the TLS of AWS's door.
_TLS = (b"x-forwarded-proto", b"https")
_CREDENTIAL = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")


class Gateway:
    """An ASGI application in front of ministack's."""

    def __init__(self, twin: "Twin", services: "Services", workers: "Executor", facts: "Mapping[str, object]") -> None:
        self._twin = twin
        self._facts = facts
        self._services = services
        self._workers = workers

    async def __call__(self, scope: "Message", receive: "Receive", send: "Send") -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await base.application(scope, receive, send)
            return
        scope["headers"] = [*scope["headers"], _TLS]
        if scope["path"] == HEALTH_PATH:
            await _send(send, api.Response(200, self._health(), {"Content-Type": "application/json"}))
        elif (connection := _CONNECTION_PATH.fullmatch(scope["path"])) is not None:
            await _send(send, self._complete(connection[1], scope["method"]))
        elif (job := _INTERRUPTION_PATH.fullmatch(scope["path"])) is not None:
            await _send(send, self._interrupt(job[1], scope["method"]))
        else:
            await self._route(scope, receive, send)

    def _complete(self, identity: str, method: str) -> api.Response:
        completed = complete(self._twin.store, identity) if method == "POST" else None
        if completed is None:
            message = f"There is no connection {identity} to {method}; POST completes one that exists."
            return api.error_response(api.ServiceError("ResourceNotFoundException", message, status=404))
        shown = {name: completed.attributes[name] for name in ("ConnectionArn", "ConnectionName", "ConnectionStatus")}
        return api.Response(200, json.dumps(shown).encode(), {"Content-Type": "application/json"})

    def _interrupt(self, name: str, method: str) -> api.Response:
        if method != "POST" or not self._twin.engine(TrainingEngine).interrupt(name):
            message = f"There is no job {name} to {method}; POST interrupts one that trains on spot instances."
            return api.error_response(api.ServiceError("ResourceNotFoundException", message, status=404))
        return api.Response(200, json.dumps({"TrainingJobName": name}).encode(), {"Content-Type": "application/json"})

    def _health(self) -> bytes:
        return json.dumps({"status": "ok", **self._facts, "services": self._services.names}).encode()

    async def _route(self, scope: "Message", receive: "Receive", send: "Send") -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        credential = _CREDENTIAL.search(headers.get("authorization", ""))
        region, service = credential.groups() if credential else ("", "")
        own = self._services.by_scope.get(service)
        if own is None and service and not base.serves(service):
            await _send(send, api.error_response(unknown_service(service, headers, scope)))
            return
        guard = guards.find(headers.get("x-amz-target", ""))
        if own is None and guard is None:
            await base.application(scope, receive, send)
            return
        body = await _read(receive)
        request = api.Request(
            method=scope["method"],
            path=(scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1"),
            query=parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            headers=headers,
            raw_headers=list(scope["headers"]),
            body=body,
            region=region,
        )
        if own is not None:
            await _send(send, await self._in_thread(api.handle, request, own, self._twin))
            return
        refused = await self._in_thread(guards.check, guard, request)
        if refused is not None:
            await _send(send, refused)
        else:
            await base.application(scope, _replay(body, receive), send)

    async def _in_thread(self, function: "Callable[..., Any]", *arguments: object) -> Any:
        """Run blocking work with a copy of this request's context, which holds ministack's account and region."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._workers, context.run, function, *arguments)


def unknown_service(service: str, headers: dict[str, str], scope: "Message") -> api.ServiceError:
    """Name a service that neither the twin nor ministack has, with the operation that was asked for."""
    asked = headers.get("x-amz-target") or f"{scope['method']} {scope['path']}"
    return api.ServiceError(
        "UnknownOperationException", f"The twin has no service {service!r}; it was asked for {asked}."
    )


async def _read(receive: "Receive") -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: "Receive") -> "Receive":
    """Give a body that was read already once more."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> "Message":
        return messages.pop() if messages else await receive()

    return again


async def _send(send: "Send", response: api.Response) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
