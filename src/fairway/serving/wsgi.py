"""The WSGI application: `GET /ping`, `POST /invocations` and `GET /execution-parameters`, as SageMaker calls them.

The client's mistakes get 4xx and `{"error": sentence}`; ours get 500 without details, and a traceback in the log.
Source: "Use Your Own Inference Code" with hosting services, and with batch transform, of the SageMaker developer guide.
"""

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from fairway.errors import RequestError
from fairway.serving.access import AccessLog, request_id
from fairway.serving.compression import packed, unpacked
from fairway.serving.formats import JSON, UNPACKED, read_batch, read_row, write_answer
from fairway.serving.media import EXPLAINED, Choice, choose
from model import InputError, Predictor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

    from fairway.serving.checks import Batch
    from fairway.serving.quality import Watch

# InvokeEndpoint takes no larger body.
MAX_BODY = 6 * 1024 * 1024
MAX_DISCARDED = 64 * 1024 * 1024
CHUNK = 1024 * 1024
# Requests of no more rows and bytes than this are watched together: they are kept until then.
SMALL_ROWS, SMALL_BODY = 8, 4096
# Plain text of so many bytes is answered on the thread that reads it. What is longer, or may become so, is read and
# answered so many at a time, always on the same threads: what a thread has used of the heap, it keeps.
SHORT, LONG_AT_ONCE = 64 * 1024, 2
PLAIN = ("text/csv", "application/json")

_GZIPPED = (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))

logger = logging.getLogger("fairway.serving")


class Answer(NamedTuple):
    """An HTTP answer; `rows` and `error` are for the log."""

    status: str
    body: bytes
    media_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    rows: int = 0
    error: str = ""


class Application:
    """Answers with one predictor, whose `predict` is called from more than one thread; `watch` sees the answers."""

    def __init__(
        self,
        predictor: Predictor,
        release: str,
        watch: "Watch | None" = None,
        *,
        git_sha: str = "",
        max_body: int = MAX_BODY,
        access: AccessLog | None = None,
    ) -> None:
        self._predictor = predictor
        # A model may have it: what it answers is what `predict` does, for one row, sooner.
        self._predict_row: Callable[[Sequence[object]], Mapping[str, object] | None] | None = getattr(
            predictor, "predict_row", None
        )
        self._long = ThreadPoolExecutor(LONG_AT_ONCE)
        self._watch = watch
        self._max_body = max_body
        # A table of numbers is larger in memory than in a file: an example's of 6 MB is 16.
        self._unpacked = max(UNPACKED, 4 * max_body)
        self._access = access or AccessLog(release, git_sha)
        self._ready = Answer("200 OK", json.dumps({"status": "ready", "release": release}).encode())
        # The one header of a container's that InvokeEndpoint passes on: a client can tell which release answered it.
        self._attributes = f"release={release},git_sha={git_sha},request_id="
        self._routes: dict[str, dict[str, Callable[[WSGIEnvironment], Answer]]] = {
            "/ping": {"GET": lambda _: self._ready},
            "/invocations": {"POST": self._invoke},
            "/execution-parameters": {"GET": self._execution_parameters},
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        """Answer one request and log it."""
        began = time.perf_counter()
        answer = self._answer(environ)
        name = request_id(environ.get("HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID"), environ.get("HTTP_X_AMZN_REQUESTID"))
        size = len(answer.body)
        headers = [
            ("Content-Type", answer.media_type),
            ("Content-Length", str(size)),
            ("X-Amzn-SageMaker-Custom-Attributes", self._attributes + name),
            ("X-Fairway-Request-Id", name),
            *answer.headers,
        ]
        start_response(answer.status, headers)
        if answer is not self._ready:  # SageMaker pings every five seconds: a line for each would bury the others
            self._access.tell(
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"],
                status=int(answer.status[:3]),
                rows=answer.rows,
                size=size,
                seconds=time.perf_counter() - began,
                name=name,
                error=answer.error,
            )
        return [answer.body]

    def close(self) -> None:
        """Tell of the last window of predictions; nothing is answered after it."""
        self._long.shutdown()
        if self._watch is not None:
            self._watch.close()

    def _answer(self, environ: "WSGIEnvironment") -> Answer:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        methods = self._routes.get(path)
        if methods is None:
            expected = "GET /ping, POST /invocations and GET /execution-parameters are expected"
            return _error(404, f"There is no {path!r}: {expected}.")
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
        choice = choose(environ.get("HTTP_ACCEPT", ""))
        if _is_short(environ) and not choice.explained:
            return self._predict(environ, choice)
        return self._long.submit(self._predict, environ, choice).result()

    def _predict(self, environ: "WSGIEnvironment", choice: Choice) -> Answer:
        body = self._body(environ)
        if coding := environ.get("HTTP_CONTENT_ENCODING"):
            body = unpacked(body, coding, self._max_body)
        content_type = environ.get("CONTENT_TYPE", "")
        if len(body) <= SMALL_BODY and not choice.explained:
            prediction = self._predict_one(body, content_type)
            if prediction is not None:
                return Answer("200 OK", write_answer((prediction,), choice.media_type), choice.media_type, rows=1)
        batch = read_batch(body, content_type, self._predictor.schema, arrays=True, limit=self._unpacked)
        predictions = self._explain(batch) if choice.explained else self._predictor.predict(batch)
        if self._watch is not None:
            small = len(body) <= SMALL_BODY and len(predictions) <= SMALL_ROWS
            self._observe(self._watch.observe_later if small else self._watch.observe, batch, predictions)
        content = write_answer(predictions, choice.media_type)
        compressed = packed(content, environ.get("HTTP_ACCEPT_ENCODING", ""))
        if compressed is not None:
            return Answer("200 OK", compressed, choice.media_type, _GZIPPED, len(predictions))
        return Answer("200 OK", content, choice.media_type, rows=len(predictions))

    def _predict_one(self, body: bytes, content_type: str) -> "Mapping[str, object] | None":
        """Predict a plain row the quick way; None for whatever is to be read, judged or answered exactly."""
        if self._predict_row is None or (values := read_row(body, content_type, self._predictor.schema)) is None:
            return None
        try:
            prediction = self._predict_row(values)
        except InputError:  # the exact way has the sentence
            return None
        if prediction is not None and self._watch is not None:
            self._observe(self._watch.observe_row, values, prediction)
        return prediction

    def _explain(self, batch: "Batch") -> "Sequence[Mapping[str, object]]":
        explain = getattr(self._predictor, "explain", None)
        if explain is None:
            raise RequestError(406, f"This model explains nothing: leave {EXPLAINED} out of Accept.")
        answers: Sequence[Mapping[str, object]] = explain(batch)
        return answers

    def _observe(self, observe: "Callable[..., None]", *seen: object) -> None:
        try:
            observe(*seen)
        except Exception:
            # The client has its answer. Without lines the alarm has no data, which holds a rollout.
            logger.exception("the quality of predictions is no longer watched")
            self._watch = None

    def _execution_parameters(self, _: "WSGIEnvironment") -> Answer:
        parameters = {
            "MaxConcurrentTransforms": 1,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": self._max_body // (1024 * 1024),
        }
        return Answer("200 OK", json.dumps(parameters).encode())

    def _body(self, environ: "WSGIEnvironment") -> bytes:
        # One byte more than is allowed tells a body that is too large, whether it was declared or comes in chunks.
        body: bytes = environ["wsgi.input"].read(self._max_body + 1)
        if len(body) <= self._max_body:
            return body
        # A client that is still sending would see a broken connection, not the answer: hear it out, within reason.
        for _ in range(MAX_DISCARDED // CHUNK):
            if not environ["wsgi.input"].read(CHUNK):
                break
        raise RequestError(413, f"The body is larger than {self._max_body} bytes: send fewer rows a request.")


def _is_short(environ: "WSGIEnvironment") -> bool:
    declared = environ.get("CONTENT_LENGTH", "")
    return (
        declared.isdecimal()
        and int(declared) <= SHORT
        and "HTTP_CONTENT_ENCODING" not in environ
        and environ.get("CONTENT_TYPE", "").startswith(PLAIN)
    )


def _error(status: int, sentence: str, *headers: tuple[str, str]) -> Answer:
    line = f"{status} {HTTPStatus(status).phrase}"
    return Answer(line, json.dumps({"error": sentence}).encode(), headers=headers, error=sentence)
