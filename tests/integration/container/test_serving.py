import csv
import gzip
import http.client
import io
import json
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from benchmarks.serving.processes import memory
from tests.integration.container.conftest import Container
from tests.integration.running import free_port

from model.artifact import Artifact
from model.flights import SCHEMA


@pytest.fixture(scope="module")
def server(trained):
    with Container(trained).serving() as (_, url):
        yield url


@pytest.fixture(scope="module")
def golden(evaluated):
    return json.loads((evaluated.processing_output("evaluation") / "golden.json").read_text())


def call(url, method="POST", path="/invocations", body=b"", **headers):
    """Returns status, content type and parsed JSON or text."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, names)
    answer = connection.getresponse()
    content, kind = answer.read().decode(), answer.headers["Content-Type"]
    connection.close()
    return answer.status, kind, json.loads(content) if kind == "application/json" else content


def test_it_is_ready_and_says_which_release(server):
    assert call(server, "GET", "/ping")[::2] == (200, {"status": "ready", "release": "7"})


def test_the_golden_requests_get_the_answers_of_the_evaluation(server, golden):
    body = json.dumps(golden["request"])
    status, _, answer = call(server, body=body, Content_Type="application/json")
    assert (status, answer) == (200, golden["response"])


def test_csv_gets_the_same_answers(server, golden):
    rows = golden["request"]["instances"]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    asked = {"Content_Type": "text/csv; header=present", "Accept": "text/csv; header=present"}
    status, kind, answer = call(server, body=text.getvalue().encode(), **asked)
    assert (status, kind) == (200, "text/csv; header=present")
    got = [float(row["probability"]) for row in csv.DictReader(io.StringIO(answer))]
    assert got == [row["probability"] for row in golden["response"]["predictions"]]


def with_value(golden, **values):
    row = {**golden["request"]["instances"][0], **values}
    return json.dumps({"instances": [golden["request"]["instances"][0], row]})


def test_a_wrong_value_is_400_with_row_column_and_both_values(server, golden):
    status, kind, answer = call(server, body=with_value(golden, carrier=7), Content_Type="application/json")
    assert (status, kind) == (400, "application/json")
    assert answer == {"error": "row 2, column 'carrier': 7 came, a string that is not empty was expected"}


def test_an_unseen_category_and_missing_optional_values_are_answered(server, golden):
    row = {**golden["request"]["instances"][0], "carrier": "ZZ"}
    status, _, answer = call(server, body=json.dumps({"instances": [row]}), Content_Type="application/json")
    assert status == 200, answer


@pytest.mark.parametrize(
    ("status", "method", "path", "headers", "body", "error"),
    [
        (404, "GET", "/", {}, b"", "There is no '/'"),
        (405, "GET", "/invocations", {}, b"", "/invocations does not take GET"),
        (415, "POST", "/invocations", {"Content_Type": "text/html"}, b"x", "The Content-Type 'text/html'"),
        (406, "POST", "/invocations", {"Content_Type": "text/csv", "Accept": "image/png"}, b"x", "The answer cannot"),
        (400, "POST", "/invocations", {"Content_Type": "application/json"}, b"{", "The body is no JSON"),
        (400, "POST", "/invocations", {"Content_Type": "text/csv"}, b"1,2\n", "Row 1 has 2 fields"),
        (400, "POST", "/invocations", {"Content_Type": "text/csv"}, b"", "The request holds no row"),
        (413, "POST", "/invocations", {"Content_Type": "text/csv"}, b"1" * 7_000_000, "The body is larger than"),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)  # fmt: skip
def test_a_client_s_mistake_has_its_status_and_a_sentence(server, status, method, path, headers, body, error):  # noqa: PLR0917 -- a table
    answered, _, answer = call(server, method, path, body, **headers)
    assert answered == status
    assert answer["error"].startswith(error)


def test_a_body_in_chunks_is_read_and_bounded(server, golden):
    body = json.dumps(golden["request"]).encode()
    assert call(server, body=iter([body[:10], body[10:]]), Content_Type="application/json")[2] == golden["response"]
    assert call(server, body=iter([b"1" * 1_000_000] * 7), Content_Type="text/csv")[0] == 413


def test_sigterm_lets_a_running_request_finish(trained, golden):
    row = golden["request"]["instances"][0]
    body = json.dumps({"columns": {name: [value] * 30_000 for name, value in row.items()}}).encode()
    answers = []
    with Container(trained).serving() as (process, url):
        asking = threading.Thread(target=lambda: answers.append(call(url, body=body, Content_Type="application/json")))
        asking.start()
        time.sleep(0.15)
        assert not answers, "the request was over before SIGTERM: make it larger"
        process.send_signal(signal.SIGTERM)
        asking.join(timeout=60)
        assert process.wait(timeout=10) == 0
    status, _, answer = answers[0]
    assert (status, len(answer["predictions"])) == (200, 30_000)


@pytest.mark.parametrize("seconds", [0.4, 0.8, 1.2])
def test_sigterm_while_the_model_is_loaded_ends_at_once(trained, seconds):
    process = Container(trained).start(
        "serve", FAIRWAY_BIND_ADDRESS="127.0.0.1", SAGEMAKER_BIND_TO_PORT=str(free_port())
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode in (0, -signal.SIGTERM)  # before the server is up, Python's own end


def test_requests_are_logged_as_json(trained, golden):
    with Container(trained).serving() as (process, url):
        call(url, body=json.dumps(golden["request"]), Content_Type="application/json")
        call(url, "GET", "/nowhere")
        process.send_signal(signal.SIGTERM)
        lines = [json.loads(line) for line in process.stdout.read().splitlines()]
    requests = [line for line in lines if line["logger"] == "fairway.serving.access"]
    assert [(line["path"], line["status"], line["rows"]) for line in requests] == [
        ("/invocations", 200, len(golden["request"]["instances"])),
        ("/nowhere", 404, 0),
    ]


def test_the_quality_of_predictions_is_logged_by_the_window_and_at_the_end(trained, golden):
    rows = golden["request"]["instances"]
    with Container(trained).serving() as (process, url):
        for rows_asked in (500, 120):  # half of many fill a window; of whichever worker, enough for a last one
            asked = json.dumps({"instances": rows * (rows_asked // len(rows))})
            assert call(url, body=asked, Content_Type="application/json")[0] == 200
        process.send_signal(signal.SIGTERM)
        lines = [json.loads(line) for line in process.stdout.read().splitlines()]
    quality = [line for line in lines if line.get("event") == "quality"]
    assert [line["predictions"] for line in quality] == [250, 120]
    for line in quality:
        assert line["logger"] == "fairway.serving.quality"
        assert line["release"] == "7"
        assert line["psi"] >= 0
        assert 0 < line["missing_share"] < 0.5
        assert 0 < line["unseen_share"] < 0.5, "training saw no August"


@pytest.mark.parametrize("broken", ["nothing", "other"])
def test_an_artifact_that_cannot_be_served_ends_the_process_with_a_sentence(trained, container, broken):
    container.tree.model.mkdir()
    if broken == "other":
        shutil.copy(trained.model / "lineage.json", container.tree.model)
    code, output = container.run("serve", SAGEMAKER_BIND_TO_PORT=str(free_port()), FAIRWAY_BIND_ADDRESS="127.0.0.1")
    assert code == 1
    errors = [json.loads(line)["message"] for line in output.splitlines() if '"ERROR"' in line]
    assert any(line.startswith(f"The model in {container.tree.model} cannot be served: ") for line in errors), output


def test_a_port_that_is_taken_is_not_shared(trained):
    with Container(trained).serving() as (_, url):
        port = url.rpartition(":")[2]
        code, output = Container(trained).run("serve", SAGEMAKER_BIND_TO_PORT=port, FAIRWAY_BIND_ADDRESS="127.0.0.1")
        assert code == 1
        assert f"SAGEMAKER_BIND_TO_PORT is {port}, which nothing can listen at: Address already in use" in output
        assert call(url, "GET", "/ping")[0] == 200


def test_a_port_that_is_none_is_a_sentence(container):
    code, output = container.run("serve", SAGEMAKER_BIND_TO_PORT="http")
    assert code == 1
    assert "SAGEMAKER_BIND_TO_PORT is 'http': a port from 1 to 65535 is expected." in output


@pytest.fixture(scope="module")
def month(prepared):
    """The test month as Arrow has it, without the label."""
    return pq.read_table(prepared.processing_output("data") / "test").drop_columns(["late"])


def bodies(month):
    """Gives each content type with the whole month as its body."""
    rows, parquet, stream, plain = month.to_pylist(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    pq.write_table(month, parquet)
    with pa.ipc.new_stream(stream, month.schema) as writer:
        writer.write_table(month)
    pyarrow.csv.write_csv(month, plain, pyarrow.csv.WriteOptions(include_header=True, quoting_style="none"))
    _, _, text = plain.getvalue().partition(b"\n")
    lines = "\n".join(json.dumps({name: value for name, value in row.items() if value is not None}) for row in rows)
    yield "text/csv; header=present", plain.getvalue()
    yield "text/csv", text
    yield "text/csv; header=absent", text.replace(b"\n", b"\r\n")  # which the exact way alone reads
    yield "application/json", json.dumps({"columns": month.to_pydict()}).encode()
    yield "application/jsonlines", lines.encode()
    yield "application/vnd.apache.parquet", parquet.getvalue()
    yield "application/vnd.apache.arrow.stream", stream.getvalue()


def test_a_whole_month_gets_the_same_predictions_in_every_format_from_both_backends(month, trained):
    artifact = Artifact.load(trained.model, 1)
    features = artifact.encoder.encode(SCHEMA.parse(month.to_pydict()))
    expected = artifact.booster.inplace_predict(features, validate_features=False)
    assert artifact.small is not None
    assert np.abs(artifact.small.score(features) - expected).max() <= 1e-6
    with Container(trained, {"FAIRWAY_MAX_BODY_MB": "32"}).serving() as (_, url):
        for content_type, body in bodies(month):
            headers = {"Content_Type": content_type, "Content_Encoding": "gzip", "Accept": "text/csv"}
            status, _, answer = call(url, body=gzip.compress(body, 1), **headers)
            assert status == 200, (content_type, answer)
            got = np.array([float(line.split(",")[0]) for line in answer.splitlines()])
            assert len(got) == month.num_rows
            assert np.abs(got - expected).max() <= 1e-6, content_type


def test_contributions_sum_to_the_margin(server, golden):
    asked = {"Content_Type": "application/json", "Accept": "application/json; explain=contributions"}
    status, _, answer = call(server, body=json.dumps(golden["request"]), **asked)
    assert status == 200
    for row in answer["predictions"]:
        assert sum(row["contributions"].values()) == pytest.approx(row["margin"], abs=1e-4)


def test_workers_share_what_was_loaded_and_stay_small(trained):
    with Container(trained).serving() as (process, _):
        workers = [size for size in memory(process.pid) if size.pid != process.pid]
        assert len(workers) == len(os.sched_getaffinity(0))
        for worker in workers:
            assert worker.proportional < 0.8 * worker.resident
            assert worker.proportional < 100


def threads_of(process):
    return [int(task.name) for task in Path(f"/proc/{process}/task").iterdir()]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems schedule otherwise")
def test_the_threads_of_workers_take_turns(trained, golden):
    with Container(trained).serving() as (process, url):
        assert call(url, body=json.dumps(golden["request"]), Content_Type="application/json")[0] == 200
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        until = time.monotonic() + 60
        # In each one speaks HTTP, one computes and one waits for signals; a worker may still be starting.
        while min(len(threads_of(child)) for child in children) < 3:
            assert time.monotonic() < until, [threads_of(child) for child in children]
            time.sleep(0.05)
        threads = [thread for child in children for thread in threads_of(child)]
        assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_BATCH}
