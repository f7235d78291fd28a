"""The WSGI application: `GET /ping` and `POST /invocations`, as SageMaker calls them.

The client's mistakes get 4xx and `{"error": sentence}`; ours get 500 without details, and a traceback in the log.
Source: "Use Your Own Inference Code with Hosting Services" of the SageMaker developer guide.
"""

import json
import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fairway.errors import RequestError
from fairway.serving.formats import JSON, choose_answer, read_batch, write_answer
from model import InputError, Predictor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

    from fairway.serving.formats import Batch
    from fairway.serving.quality import Watch

# InvokeEndpoint takes no larger body.
MAX_BODY = 6 * 1024 * 1024
MAX_DISCARDED = 64 * 1024 * 1024
CHUNK = 1024 * 1024

access = logging.getLogger("fairway.serving.access")
logger = logging.getLogger("fairway.serving")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `rows` is for the log."""

    status: HTTPStatus
    body: bytes
    media_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    rows: int = 0


class Application:
    """Answers with one predictor, whose `predict` is called from more than one thread; `watch` sees the answers."""

    def __init__(self, predictor: Predictor, release: str, watch: "Watch | None" = None) -> None:
        self._predictor = predictor
        self._watch = watch
        self._ready = Answer(HTTPStatus.OK, json.dumps({"status": "ready", "release": release}).encode())
        # The one header of a container's that InvokeEndpoint passes on: a client can tell which release answered it.
        self._attributes = ("X-Amzn-SageMaker-Custom-Attributes", f"release={release}")
        self._routes: dict[str, dict[str, Callable[[WSGIEnvironment], Answer]]] = {
            "/ping": {"GET": lambda _: self._ready},
            "/invocations": {"POST": self._invoke},
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        """Answer one request and log it."""
        began = time.perf_counter()
        answer = self._answer(environ)
        length = str(len(answer.body))
        start_response(
            f"{answer.status.value} {answer.status.phrase}",
            [("Content-Type", answer.media_type), ("Content-Length", length), *answer.headers],
        )
        if answer is not self._ready:  # SageMaker pings every five seconds: a line for each would bury the others
            _log(environ, answer, time.perf_counter() - began)
        return [answer.body]

    def _answer(self, environ: "WSGIEnvironment") -> Answer:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        methods = self._routes.get(path)
        if methods is None:
            return _error(404, f"There is no {path!r}: GET /ping and POST /invocations are expected.")
        if method not in methods:
            allowed = ", ".join(methods)
            return _error(405, f"{path} does not take {method}: {allowed} is expected.", ("Allow", allowed))
        try:
            return methods[method](environ)
        except RequestError as error:
            return _error(error.status, str(error))
        except InputError as error:
            return _error(400, str(error))
        except Exception:
            logger.exception("the model failed")
            return _error(500, "The model failed to answer; its log says why.")

    def _invoke(self, environ: "WSGIEnvironment") -> Answer:
        media_type = choose_answer(environ.get("HTTP_ACCEPT", ""))
        batch = read_batch(_body(environ), environ.get("CONTENT_TYPE", ""), self._predictor.schema)
        predictions = self._predictor.predict(batch)
        body = write_answer(predictions, media_type)
        answer = Answer(HTTPStatus.OK, body, media_type, (self._attributes,), rows=len(predictions))
        if self._watch is not None:
            self._observe(self._watch, batch, predictions)
        return answer

    def _observe(self, watch: "Watch", batch: "Batch", predictions: "Sequence[Mapping[str, object]]") -> None:
        try:
            watch.observe(batch, predictions)
        except Exception:
            # The client has its answer. Without lines the alarm has no data, which holds a rollout.
            logger.exception("the quality of predictions is no longer watched")
            self._watch = None


def _body(environ: "WSGIEnvironment") -> bytes:
    # One byte more than is allowed tells a body that is too large, whether it was declared or comes in chunks.
    body: bytes = environ["wsgi.input"].read(MAX_BODY + 1)
    if len(body) <= MAX_BODY:
        return body
    # A client that is still sending would see a broken connection instead of the answer: hear it out, within reason.
    for _ in range(MAX_DISCARDED // CHUNK):
        if not environ["wsgi.input"].read(CHUNK):
            break
    raise RequestError(413, f"The body is larger than {MAX_BODY} bytes: send fewer rows a request.")


def _error(status: int, sentence: str, *headers: tuple[str, str]) -> Answer:
    return Answer(HTTPStatus(status), json.dumps({"error": sentence}).encode(), headers=headers)


def _log(environ: "WSGIEnvironment", answer: Answer, seconds: float) -> None:
    fields: dict[str, Any] = {
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"],
        "status": answer.status.value,
        "rows": answer.rows,
        "bytes": len(answer.body),
        "milliseconds": round(seconds * 1000, 3),
    }
    if answer.status >= HTTPStatus.BAD_REQUEST:
        fields["error"] = json.loads(answer.body)["error"]
    access.info("%s %s %d", fields["method"], fields["path"], fields["status"], extra={"fields": fields})
