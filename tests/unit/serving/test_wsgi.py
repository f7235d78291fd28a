import gzip
import io
import json
import logging
import threading
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.serving.fakes import FakePredictor, environ

from fairway.serving.access import AccessLog
from fairway.serving.logs import JsonFormatter
from fairway.serving.quality import Baseline, Watch
from fairway.serving.seen import Range
from fairway.serving.wsgi import CHUNK, LONG_AT_ONCE, MAX_BODY, MAX_DISCARDED, SHORT, Application
from model import InputError


def call(request, predictor=None):
    """Returns status, headers and parsed body."""
    answered: dict[str, Any] = {}

    def start_response(status, headers, exc_info=None):
        assert exc_info is None
        answered.update(status=status, headers=dict(headers))
        return print  # PEP 3333's write(), which nobody uses

    fake: Any = predictor or FakePredictor()
    body = b"".join(Application(fake, "7", git_sha="abc")(request, start_response))
    assert answered["headers"]["Content-Length"] == str(len(body))
    return answered["status"], answered["headers"], body


def error_of(request, predictor=None):
    status, headers, body = call(request, predictor)
    assert headers["Content-Type"] == "application/json"
    return status, json.loads(body)["error"]


def test_ping_says_ready_and_which_release():
    status, _, body = call(environ("GET", "/ping"))
    assert (status, json.loads(body)) == ("200 OK", {"status": "ready", "release": "7"})


def test_batch_transform_is_told_what_to_send():
    status, _, body = call(environ("GET", "/execution-parameters"))
    told = {"MaxConcurrentTransforms": 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}
    assert (status, json.loads(body)) == ("200 OK", told)


def test_an_answer_says_which_request_release_and_commit_it_is_of():
    request = environ(body=b"7,AA,1\n", CONTENT_TYPE="text/csv", HTTP_X_AMZN_REQUESTID="aws-1")
    headers = call(request)[1]
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == "release=7,git_sha=abc,request_id=aws-1"
    assert headers["X-Fairway-Request-Id"] == "aws-1"


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "a,b", "\u00e9"])
def test_a_request_without_a_usable_name_gets_one_of_its_own(given):
    names = {
        call(environ("GET", "/ping", HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID=given))[1]["X-Fairway-Request-Id"] for _ in "12"
    }
    assert len(names) == 2
    assert given not in names


def test_a_client_s_own_name_goes_before_that_of_aws():
    request = environ("GET", "/ping", HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID="mine", HTTP_X_AMZN_REQUESTID="aws-1")
    assert call(request)[1]["X-Fairway-Request-Id"] == "mine"


def test_gzip_is_read_and_written():
    body = b"23,AA,\n" * 500
    request = environ(
        body=gzip.compress(body), CONTENT_TYPE="text/csv", HTTP_CONTENT_ENCODING="gzip", HTTP_ACCEPT_ENCODING="gzip"
    )
    status, headers, content = call(request)
    assert (status, headers["Content-Encoding"]) == ("200 OK", "gzip")
    assert len(json.loads(gzip.decompress(content))["predictions"]) == 500


def test_a_bomb_is_413():
    request = environ(body=gzip.compress(b"7" * 7_000_000), CONTENT_TYPE="text/csv", HTTP_CONTENT_ENCODING="gzip")
    assert error_of(request)[0].startswith("413")


def test_contributions_are_asked_for_by_accept():
    asked = {"CONTENT_TYPE": "text/csv", "HTTP_ACCEPT": "application/json; explain=contributions"}
    status, error = error_of(environ(body=b"7,AA,1\n", **asked))
    assert status == "406 Not Acceptable"
    assert error == "This model explains nothing: leave explain=contributions out of Accept."
    explaining: Any = FakePredictor()
    explaining.explain = lambda _: [{"late": True, "margin": 1.0, "contributions": {"hour": 0.4, "bias": 0.6}}]
    body = call(environ(body=b"7,AA,1\n", **asked), explaining)[2]
    assert json.loads(body)["predictions"][0]["contributions"] == {"hour": 0.4, "bias": 0.6}


def test_a_log_that_nobody_reads_is_no_reason_not_to_answer():
    def gone(_line):
        raise BrokenPipeError

    fake: Any = FakePredictor()
    application = Application(fake, "7", access=AccessLog("7", "", gone))
    assert ask(application)[0] == ["200 OK"]


def test_an_invocation_is_answered_in_the_format_that_is_asked_for():
    request = environ(body=b"23,AA,\n7,AA,1\n", CONTENT_TYPE="text/csv", HTTP_ACCEPT="text/csv")
    status, headers, body = call(request)
    assert (status, headers["Content-Type"], body) == ("200 OK", "text/csv", b"true,23\nfalse,7\n")


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        (
            "GET",
            "/",
            "404 Not Found",
            "There is no '/': GET /ping, POST /invocations and GET /execution-parameters are",
        ),
        ("POST", "/invocations/", "404 Not Found", "There is no '/invocations/'"),
        ("POST", "/ping", "405 Method Not Allowed", "/ping does not take POST: GET is expected."),
        ("GET", "/invocations", "405 Method Not Allowed", "/invocations does not take GET: POST is expected."),
    ],
)
def test_another_path_or_method_is_refused(method, path, status, sentence):
    answered, error = error_of(environ(method, path))
    assert answered == status
    assert error.startswith(sentence)


def test_a_405_says_what_is_allowed():
    assert call(environ("PUT", "/invocations"))[1]["Allow"] == "POST"


def test_the_model_s_refusal_is_400_and_its_own_sentence():
    request = environ(body=b"7,AA,1\n7,wrong,1\n", CONTENT_TYPE="text/csv")
    assert error_of(request) == ("400 Bad Request", "row 2, column 'carrier': 'wrong' came, another was expected")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"CONTENT_TYPE": "text/html"}, "415 Unsupported Media Type"),
        ({"CONTENT_TYPE": "text/csv", "HTTP_ACCEPT": "text/html"}, "406 Not Acceptable"),
        ({"CONTENT_TYPE": "text/csv"}, "400 Bad Request"),
        ({}, "415 Unsupported Media Type"),
    ],
)
def test_what_is_wrong_has_its_status(headers, status):
    assert error_of(environ(body=b"7", **headers))[0] == status


def test_a_body_that_is_too_large_is_refused_once_it_was_heard_out():
    body = io.BytesIO(b"x" * (MAX_BODY + 2 * CHUNK))
    answer = error_of(environ(CONTENT_TYPE="text/csv") | {"wsgi.input": body})
    assert not body.read()
    assert answer == (
        "413 Request Entity Too Large",
        "The body is larger than 6291456 bytes: send fewer rows a request.",
    )


def test_a_body_without_end_is_not_heard_out():
    class Endless(io.RawIOBase):
        heard = 0

        def read(self, size=-1):
            self.heard += size
            return b"x" * size

    body = Endless()
    assert error_of(environ(CONTENT_TYPE="text/csv") | {"wsgi.input": body})[0].startswith("413")
    assert body.heard == MAX_BODY + 1 + MAX_DISCARDED


def test_a_body_of_just_the_limit_is_read():
    request = environ(CONTENT_TYPE="text/csv") | {"wsgi.input": io.BytesIO(b"x" * MAX_BODY)}
    assert error_of(request)[1].startswith("Row 1 has 1 fields")


def test_a_bug_of_the_model_is_500_without_details_and_a_traceback_in_the_log(caplog):
    request = environ(body=b"7,AA,1\n", CONTENT_TYPE="text/csv")
    status, error = error_of(request, FakePredictor(error=RuntimeError("secret detail")))
    assert (status, error) == ("500 Internal Server Error", "The model failed to answer; its log says why.")
    assert "secret detail" in caplog.text


def test_requests_are_logged_and_healthy_pings_are_not():
    lines: list[bytes] = []
    fake: Any = FakePredictor()
    application = Application(fake, "7", git_sha="abc", access=AccessLog("7", "abc", lines.append))
    for request in (
        environ("GET", "/ping"),
        environ("GET", '/nowhere"\n', HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID="mine"),
        environ(body=b"7,AA,1\n", CONTENT_TYPE="text/csv"),
    ):
        application(request, lambda *_: print)
    refused, answered = (json.loads(line) for line in lines)
    assert refused | {"milliseconds": 0, "time": ""} == {
        "time": "",
        "level": "INFO",
        "logger": "fairway.serving.access",
        "message": 'GET /nowhere"\n 404',
        "method": "GET",
        "path": '/nowhere"\n',
        "status": 404,
        "rows": 0,
        "bytes": refused["bytes"],
        "milliseconds": 0,
        "request_id": "mine",
        "release": "7",
        "git_sha": "abc",
        "error": refused["error"],
    }
    assert refused["error"].startswith("There is no '/nowhere")
    assert answered.keys() == refused.keys() - {"error"}
    assert (answered["path"], answered["status"], answered["rows"]) == ("/invocations", 200, 1)
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)


class Quick(FakePredictor):
    """Answers a row alone as well, but for the hour 0, which `predict` has to look at."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def predict_row(self, values):
        self.rows.append(list(values))
        if values[1] == "wrong":
            raise InputError(row=1, column="carrier", came="'wrong'", expected="another")
        return None if values[0] == "0" else {"late": values[0] == "23", "hour": values[0]}


@pytest.mark.parametrize("hour", ["23", "7", "0"])
@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/jsonlines"])
def test_a_row_alone_is_answered_as_it_is_by_a_model_without_a_way_for_it(hour, accept):
    request = {"body": f"{hour},AA,\n".encode(), "CONTENT_TYPE": "text/csv", "HTTP_ACCEPT": accept}
    quick: Any = Quick()
    answers = [call(environ(**request), predictor) for predictor in (None, quick)]
    for _, headers, _ in answers:
        del headers["X-Amzn-SageMaker-Custom-Attributes"], headers["X-Fairway-Request-Id"]
    assert answers[0] == answers[1]
    assert quick.rows == [[hour, "AA", ""]]
    assert len(quick.batches) == (hour == "0")


def test_what_the_quick_way_refuses_has_the_sentence_of_the_exact_one():
    request = {"body": b'{"instances": [{"hour": "7", "carrier": "wrong"}]}', "CONTENT_TYPE": "application/json"}
    quick: Any = Quick()
    assert error_of(environ(**request), quick) == error_of(environ(**request))
    assert quick.rows == [["7", "wrong", None]]


def test_contributions_and_many_rows_are_not_asked_of_the_quick_way():
    quick: Any = Quick()
    quick.explain = lambda _: [{"late": True, "contributions": {}}]
    asked = {"CONTENT_TYPE": "text/csv", "HTTP_ACCEPT": "application/json; explain=contributions"}
    assert b"contributions" in call(environ(body=b"7,AA,1\n", **asked), quick)[2]
    assert call(environ(body=b"7,AA,1\n8,AA,1\n", CONTENT_TYPE="text/csv"), quick)[0] == "200 OK"
    assert quick.rows == []


def test_two_long_requests_at_a_time_are_answered_and_short_ones_meanwhile():
    class Busy(FakePredictor):
        """Is held up by long requests; counts those that it is at, and the threads that they come on."""

        def __init__(self):
            super().__init__()
            self.entered, self.may_end = threading.Semaphore(0), threading.Event()
            self.at_once, self.most, self.threads = 0, 0, set()

        def predict(self, batch):
            if len(batch["hour"]) > 1:
                self.at_once += 1
                self.most = max(self.most, self.at_once)
                self.threads.add(threading.current_thread())
                self.entered.release()
                assert self.may_end.wait(60)
                self.at_once -= 1
            return [{"late": False}] * len(batch["hour"])

    busy: Any = Busy()
    application, body = Application(busy, "7"), b"7,AA,1\n" * (SHORT // 7 + 1)
    statuses: list[str] = []

    def start_response(status, _headers, _exc_info=None):
        statuses.append(status)
        return print

    def ask_long():
        application(environ(body=body, CONTENT_TYPE="text/csv"), start_response)

    threads = [threading.Thread(target=ask_long) for _ in range(2 * LONG_AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in range(LONG_AT_ONCE):
        assert busy.entered.acquire(timeout=60)
    for request in (environ("GET", "/ping"), environ(body=b"7,AA,1\n", CONTENT_TYPE="text/csv")):
        application(request, start_response)
    assert statuses == ["200 OK"] * 2
    busy.may_end.set()
    for thread in threads:
        thread.join()
    assert statuses == ["200 OK"] * (2 + 2 * LONG_AT_ONCE)
    assert busy.most == LONG_AT_ONCE
    assert len(busy.threads) <= LONG_AT_ONCE
    assert not busy.threads & set(threads)


@pytest.mark.parametrize(
    ("changed", "short"),
    [
        ({}, True),
        ({"CONTENT_TYPE": "application/jsonlines"}, True),
        ({"CONTENT_LENGTH": str(SHORT)}, True),
        ({"CONTENT_LENGTH": str(SHORT + 1)}, False),
        ({"CONTENT_LENGTH": ""}, False),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, False),
        ({"CONTENT_TYPE": "application/vnd.apache.parquet"}, False),
        ({"HTTP_ACCEPT": "application/json; explain=contributions"}, False),
    ],
)
def test_what_is_long_or_may_become_so_waits_for_its_turn(changed, short):
    class Told(FakePredictor):
        def predict(self, batch):
            threads.append(threading.current_thread())
            return [{"late": False} for _ in batch["hour"]]

        explain = predict

    threads: list[threading.Thread] = []
    body = b'{"hour": "7", "carrier": "AA"}' if "jsonlines" in changed.get("CONTENT_TYPE", "") else b"7,AA,1\n"
    if "parquet" in changed.get("CONTENT_TYPE", ""):
        content = io.BytesIO()
        pq.write_table(pa.table({"hour": [7], "carrier": ["AA"]}), content)
        body = content.getvalue()
    if "HTTP_CONTENT_ENCODING" in changed:
        body = gzip.compress(body)
    told: Any = Told()
    status, _, _ = call(environ(body=body, CONTENT_TYPE="text/csv") | changed, told)
    assert status == "200 OK"
    assert (threads == [threading.current_thread()]) == short


def watched(score):
    watch = Watch(Baseline((12.0,), (500, 500), {"wind": Range(0, 9)}), score, "7", ["hour", "carrier", "wind"])
    fake: Any = FakePredictor()
    return Application(fake, "7", watch)


def ask(application, times=1):
    body = b"23,AA,\n" * 50
    for _ in range(times):
        answered: list[str] = []
        (content,) = application(
            environ(body=body, CONTENT_TYPE="text/csv"), lambda status, *_, said=answered: said.append(status)
        )
    return answered, json.loads(content)


def test_answers_are_watched_and_a_shift_shows_in_one_line(caplog):
    caplog.set_level(logging.INFO, "fairway.serving.quality")
    ask(watched(FakePredictor.score), times=5)
    (record,) = (record for record in caplog.records if record.name == "fairway.serving.quality")
    line = json.loads(JsonFormatter().format(record))
    assert line["psi"] > 1, "half of the baseline is under 12, all answers are 23"
    assert {name: line[name] for name in ("event", "release", "predictions", "missing_share", "unseen_share")} == {
        "event": "quality",
        "release": "7",
        "predictions": 250,
        "missing_share": 1.0,
        "unseen_share": 0.0,
    }


def test_rows_alone_are_watched(caplog):
    caplog.set_level(logging.INFO, "fairway.serving.quality")
    watch = Watch(Baseline((12.0,), (500, 500), {"wind": Range(0, 9)}), Quick.score, "7", ["hour", "carrier", "wind"])
    quick: Any = Quick()
    application = Application(quick, "7", watch)
    for wind in ["", "5", "10", "8", "9.5"] * 50:
        application(environ(body=f"23,AA,{wind}\n".encode(), CONTENT_TYPE="text/csv"), lambda *_: print)
    (record,) = (record for record in caplog.records if record.name == "fairway.serving.quality")
    line = json.loads(JsonFormatter().format(record))
    assert (line["predictions"], line["missing_share"], line["unseen_share"]) == (250, 0.2, 0.4)
    assert not quick.batches


def test_an_answer_is_not_lost_to_a_score_that_fails_and_its_traceback_is_logged_once(caplog):
    def score(_answer):
        raise KeyError("probability")

    status, content = ask(watched(score), times=3)
    assert (status, len(content["predictions"])) == (["200 OK"], 50)
    assert caplog.text.count("the quality of predictions is no longer watched") == 1


def test_what_is_refused_is_not_watched(caplog):
    caplog.set_level(logging.INFO, "fairway.serving.quality")
    application = watched(FakePredictor.score)
    request = environ(body=b"23,wrong,\n" * 500, CONTENT_TYPE="text/csv")
    application(request, lambda *_: print)
    assert "fairway.serving.quality" not in {record.name for record in caplog.records}
