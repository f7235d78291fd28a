"""POST /predictions of the inference API: a request is checked against the release's schema and sent to the endpoint.

The client's mistakes get 4xx with a sentence, what the model or SageMaker cannot do gets 5xx without details. Anything
else is raised: Lambda counts it as an error, which the alarms of a deployment watch, and API Gateway answers 500.
"""

import base64
import json
import logging
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from fairway.errors import RequestError
from fairway.functions import golden
from fairway.functions.logs import say
from fairway.functions.schema import Schema
from fairway.serving import formats

# InvokeEndpoint takes no larger body.
MAX_BODY = 6 * 1024 * 1024
_CORRELATION = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_RELEASE = re.compile(r"release=([\w.-]+)")
# SageMaker's own errors that a client may see as such: status, sentence, whether to come again.
_FAILURES = {
    "ThrottlingException": (429, "There are too many requests: come again.", True),
    "ModelNotReadyException": (503, "The model is not ready: come again.", True),
    "ServiceUnavailable": (503, "The model is not available: come again.", True),
    "ValidationError": (503, "The model is not available.", False),
    "InternalFailure": (502, "The model failed to answer.", False),
    "InternalDependencyException": (502, "The model failed to answer.", False),
}


@dataclass(frozen=True)
class Answer:
    """An answer in HTTP's terms; `rows` and `release` are for the log, the release for the client too."""

    status: int
    body: str
    media_type: str = formats.JSON
    release: str = ""
    rows: int = 0
    again: bool = False


@dataclass(frozen=True)
class Api:
    """Answers for one endpoint, whose requests have one schema."""

    endpoint: str
    schema: Schema
    runtime: Any

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer an event of API Gateway (payload format 2.0), and log it."""
        began, correlation = time.perf_counter(), _correlation(event)
        try:
            answer = self._predict(event, correlation)
        except RequestError as error:
            answer = Answer(error.status, _error(str(error)))
        fields: dict[str, Any] = {
            "correlation_id": correlation,
            "status": answer.status,
            "rows": answer.rows,
            "release": answer.release,
            "milliseconds": round((time.perf_counter() - began) * 1000, 3),
        }
        if answer.status >= 400:
            fields["error"] = json.loads(answer.body)["error"]
        say(logging.INFO, "prediction", **fields)
        headers = {"content-type": answer.media_type, "x-correlation-id": correlation}
        headers |= {"x-fairway-release": answer.release} if answer.release else {}
        headers |= {"retry-after": "1"} if answer.again else {}
        return {"statusCode": answer.status, "headers": headers, "body": answer.body, "isBase64Encoded": False}

    def _predict(self, event: Mapping[str, Any], correlation: str) -> Answer:
        headers, body = event.get("headers") or {}, _body(event)
        if len(body) > MAX_BODY:
            raise RequestError(413, f"The body is larger than {MAX_BODY} bytes: send fewer rows a request.")
        content_type = headers.get("content-type", "")
        media_type = formats.choose_answer(headers.get("accept", ""))
        batch = formats.read_batch(body, content_type, self.schema)
        self.schema.check(batch)
        try:
            answer = self.runtime.invoke_endpoint(
                EndpointName=self.endpoint,
                ContentType=content_type,
                Accept=media_type,
                InferenceId=correlation,
                Body=body,
            )
        except ReadTimeoutError:
            return Answer(504, _error("The model did not answer in time."))
        except ClientError as error:
            return _failed(error)
        release = _RELEASE.search(answer.get("CustomAttributes", ""))
        rows = len(next(iter(batch.values())))
        text = answer["Body"].read().decode()
        return Answer(200, text, answer["ContentType"], release[1] if release else "", rows)


def _failed(error: ClientError) -> Answer:
    response: Mapping[str, Any] = error.response  # a ModelError has members that no other error has
    code, status = response["Error"]["Code"], response.get("OriginalStatusCode", 0)
    if code == "ModelError" and 400 <= status < 500:  # the container tells the client what to change
        return Answer(status, _error(_told(response.get("OriginalMessage", ""))))
    failure = (502, "The model failed to answer.", False) if code == "ModelError" else _FAILURES.get(code)
    if failure is None:
        raise error
    say(logging.ERROR, "endpoint", code=code, message=response["Error"].get("Message", ""))
    return Answer(failure[0], _error(failure[1]), again=failure[2])


def _told(message: str) -> str:
    """Return the sentence of a container's answer, which is `{"error": sentence}`."""
    try:
        return str(json.loads(message)["error"])
    except (ValueError, KeyError, TypeError):
        return "The model refused the request."


def _error(sentence: str) -> str:
    return json.dumps({"error": sentence})


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    return base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()


def _correlation(event: Mapping[str, Any]) -> str:
    """Return what the caller calls this request, if that can be repeated, or else what API Gateway calls it."""
    given = (event.get("headers") or {}).get("x-correlation-id", "")
    return given if _CORRELATION.fullmatch(given) else str(event["requestContext"]["requestId"])


@cache
def _api() -> Api:
    """Read once, in each execution environment, what the release recorded."""
    schema = golden.read(
        os.environ["FAIRWAY_MODEL_PACKAGE"], sagemaker=boto3.client("sagemaker"), s3=boto3.client("s3")
    ).schema
    # No second attempt: who asked decides whether to come again, and within the function's time there is none.
    config = Config(connect_timeout=2, read_timeout=25, retries={"total_max_attempts": 1, "mode": "standard"})
    return Api(os.environ["FAIRWAY_ENDPOINT"], schema, boto3.client("sagemaker-runtime", config=config))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer for Lambda."""
    del context
    return _api().answer(event)
