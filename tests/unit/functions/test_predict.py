import base64
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from fairway.errors import RequestError
from fairway.functions.logs import logger
from fairway.functions.predict import MAX_BODY, Api
from fairway.functions.schema import Schema

SCHEMA = Schema.parse(
    [
        {"name": "hour", "type": "integer", "required": True, "description": "", "minimum": 0, "maximum": 23},
        {"name": "carrier", "type": "string", "required": True, "description": ""},
        {"name": "wind", "type": "number", "required": False, "description": ""},
    ]
)
ROW = {"hour": 7, "carrier": "UA", "wind": None}


class Runtime:
    """Stands for SageMaker: answers, or fails as it is told."""

    def __init__(self, failure=None):
        self.failure, self.asked = failure, []

    def invoke_endpoint(self, **request):
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        return {
            "Body": io.BytesIO(b'{"predictions": [1]}'),
            "ContentType": "application/json",
            "CustomAttributes": "release=7",
        }


def event(body, content_type="application/json", **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    return {
        "headers": {"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}},
        "requestContext": {"requestId": "the-request"},
        "body": text,
        "isBase64Encoded": False,
    }


def ask(asked, failure=None):
    runtime = Runtime(failure)
    return Api("flights-prod", SCHEMA, runtime).answer(asked), runtime.asked


def failed(code, **more):
    response: Any = {"Error": {"Code": code, "Message": "arn:aws:secret"}, **more}
    return ClientError(response, "InvokeEndpoint")


def test_a_request_reaches_the_endpoint_as_it_came():
    answer, [asked] = ask(event({"instances": [ROW]}, accept="application/json", x_correlation_id="mine-1"))
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"predictions": [1]}
    assert answer["headers"] == {
        "content-type": "application/json", "x-correlation-id": "mine-1", "x-fairway-release": "7",
    }  # fmt: skip
    assert asked == {
        "EndpointName": "flights-prod",
        "ContentType": "application/json",
        "Accept": "application/json",
        "InferenceId": "mine-1",
        "Body": json.dumps({"instances": [ROW]}).encode(),
    }


def test_a_body_in_base64_is_read():
    encoded = event(base64.b64encode(b"hour,carrier\n7,UA\n").decode(), "text/csv; header=present")
    answer, [asked] = ask({**encoded, "isBase64Encoded": True})
    assert answer["statusCode"] == 200
    assert asked["Body"] == b"hour,carrier\n7,UA\n"


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "läuft"])
def test_a_correlation_id_that_cannot_be_repeated_is_replaced(given):
    answer, _ = ask(event({"instances": [ROW]}, x_correlation_id=given))
    assert answer["headers"]["x-correlation-id"] == "the-request"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({**ROW, "hour": 24}, "row 1, column 'hour': 24 came, an integer from 0 to 23 was expected"),
        ({**ROW, "hour": 7.5}, "row 1, column 'hour': 7.5 came, an integer from 0 to 23 was expected"),
        ({**ROW, "hour": None}, "row 1, column 'hour': nothing came, an integer from 0 to 23 was expected"),
        ({**ROW, "carrier": 3}, "row 1, column 'carrier': 3 came, a string that is not empty was expected"),
        ({**ROW, "wind": "strong"}, "row 1, column 'wind': \"strong\" came, a number was expected"),
        ({**ROW, "wind": "y" * 90}, f"row 1, column 'wind': \"{'y' * 79}… came, a number was expected"),
        ({"hour": 7}, "Row 1 lacks the column 'carrier': expected are hour, carrier, wind."),
        ({**ROW, "age": 3}, "Row 1 has the unknown column 'age': expected are hour, carrier, wind."),
    ],
)
def test_what_breaks_the_schema_is_told_and_never_sent(row, sentence):
    answer, asked = ask(event({"instances": [row]}))
    assert (answer["statusCode"], json.loads(answer["body"]), asked) == (400, {"error": sentence}, [])


def test_the_row_is_counted_from_one():
    with pytest.raises(RequestError, match="row 2, column 'hour'"):
        SCHEMA.check({"hour": [1, "x"], "carrier": ["UA", "UA"]})


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (event("{"), 400),
        (event({"instances": []}), 400),
        (event("<x/>", "application/xml"), 415),
        (event({"instances": [ROW]}, accept="image/png"), 406),
        (event("x" * (MAX_BODY + 1)), 413),
    ],
)
def test_what_is_no_request_is_refused(asked, status):
    answer, sent = ask(asked)
    assert (answer["statusCode"], sent) == (status, [])


@pytest.mark.parametrize(
    ("failure", "status", "again"),
    [
        (failed("ThrottlingException"), 429, True),
        (failed("ModelNotReadyException"), 503, True),
        (failed("ServiceUnavailable"), 503, True),
        (failed("ValidationError"), 503, False),
        (failed("InternalFailure"), 502, False),
        (failed("ModelError", OriginalStatusCode=500, OriginalMessage="Traceback: secret"), 502, False),
        (ReadTimeoutError(endpoint_url="http://secret"), 504, False),
    ],
)
def test_failures_have_their_status_and_leak_nothing(failure, status, again):
    answer, _ = ask(event({"instances": [ROW]}), failure)
    assert answer["statusCode"] == status
    assert ("retry-after" in answer["headers"]) is again
    assert "secret" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [('{"error": "row 3 is wrong"}', "row 3 is wrong"), ("<html>", "The model refused the request."),
     ("[1]", "The model refused the request.")],
)  # fmt: skip
def test_what_the_container_refuses_is_the_clients(message, sentence):
    failure = failed("ModelError", OriginalStatusCode=400, OriginalMessage=message)
    answer, _ = ask(event({"instances": [ROW]}), failure)
    assert (answer["statusCode"], json.loads(answer["body"])) == (400, {"error": sentence})


def test_what_nobody_foresaw_is_raised_for_the_alarms():
    with pytest.raises(ClientError, match="AccessDenied"):
        ask(event({"instances": [ROW]}), failed("AccessDeniedException"))


def test_a_request_is_one_line_in_the_log(monkeypatch):
    lines = io.StringIO()
    handler = logger().handlers[0]  # pytest adds its own
    monkeypatch.setattr(handler, "stream", lines)
    ask(event({"instances": [{**ROW, "hour": 99}]}, x_correlation_id="c-1"))
    line = json.loads(lines.getvalue())
    assert (line["event"], line["correlation_id"], line["status"]) == ("prediction", "c-1", 400)
    assert "99" in line["error"]
