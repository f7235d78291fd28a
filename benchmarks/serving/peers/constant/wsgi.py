"""A constant for any request, once its body is read, with the headers that every answer has."""

from typing import TYPE_CHECKING

from fairway.serving.serve import take_turns

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BODY = b'{"predictions": [{"probability": 0.1234567890123456, "late": false}]}'
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]

take_turns()  # each worker imports this


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
    """Answer."""
    environ["wsgi.input"].read()
    start_response("200 OK", HEADERS)
    return [BODY]
