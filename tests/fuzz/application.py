"""The application in this process, without a server."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.fuzz.oracle import check
from tests.fuzz.requests import Request

from fairway.serving.predictor import load_predictor
from fairway.serving.wsgi import Application

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Any]


def load(model: Path) -> Wsgi:
    """Return the application with the artifact in a folder."""
    return Application(load_predictor(model), "fuzzed")


def ask(application: Wsgi, request: Request) -> int:
    """Give it a request as a server would; return the status of an answer that passed the checks."""
    said: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        said.append((int(status.split(maxsplit=1)[0]), {name.lower(): value for name, value in headers}))

    body = b"".join(application(request.environ(), start_response))
    status, headers = said[-1]
    check(status, headers, body, request.method.decode())
    return int(status)


def json_request(rows: Sequence[Mapping[str, object]]) -> Request:
    """Return the request of JSON records; what is infinite or undefined as Python writes it, which is no JSON."""
    body = json.dumps({"instances": list(rows)}).encode()
    return Request(b"POST", b"/invocations", ((b"Content-Type", b"application/json"),), body)
