"""The real toolkit of SageMaker's framework images runs what an artifact holds, from nothing but that artifact."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest

from fairway.jobs.script_code import FOLDER, PROGRAM

# What the model server of such an image does for a request.
DRIVER = """
import json, sys
from sagemaker_inference.transformer import Transformer

class Context:
    def __init__(self, content_type, accept):
        self.system_properties = {"model_dir": sys.argv[1]}
        self.request_processor = [self]
        self.asked = {"Content-Type": content_type, "Accept": accept}
        self.told = {"status": 200}
    def get_request_properties(self):
        return self.asked
    def set_response_content_type(self, _, content_type):
        self.told["content_type"] = content_type
    def set_response_status(self, code, phrase):
        self.told["status"] = code

transformer = Transformer()
for line in sys.stdin:
    content_type, accept, body = json.loads(line)
    context = Context(content_type, accept)
    [answer] = transformer.transform([{"body": body.encode()}], context)
    context.told["body"] = answer.decode() if isinstance(answer, bytes) else answer
    print(json.dumps(context.told))
"""


@pytest.fixture(scope="module")
def asked(trained):
    """Send requests (content type, accept, body) through the toolkit; return what it answers."""

    def ask(*requests):
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",  # the artifact is other tests', too
            "SAGEMAKER_PROGRAM": PROGRAM,
            "SAGEMAKER_SUBMIT_DIRECTORY": str(trained.model / FOLDER),
            "PYTHONPATH": str(trained.model / FOLDER),  # as the images put the submitted directory on the path
        }
        given = "".join(f"{json.dumps(request)}\n" for request in requests)
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, str(trained.model)],
            input=given, env=environ, cwd=trained.model, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    return ask


@pytest.fixture(scope="module")
def golden(evaluated):
    return json.loads((evaluated.processing_output("evaluation") / "golden.json").read_text())


def test_the_toolkit_answers_as_our_server_does(asked, golden):
    rows = golden["request"]["instances"]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    as_json, as_csv = asked(
        ("application/json", "application/json", json.dumps(golden["request"])),
        ("text/csv; header=present", "text/csv; header=present", text.getvalue()),
    )
    assert (as_json["status"], as_json["content_type"]) == (200, "application/json")
    assert json.loads(as_json["body"]) == golden["response"]
    assert as_csv["status"] == 200
    got = [float(row["probability"]) for row in csv.DictReader(io.StringIO(as_csv["body"]))]
    assert got == [row["probability"] for row in golden["response"]["predictions"]]


@pytest.mark.parametrize(
    ("request_", "status", "sentence"),
    [
        (("application/json", "application/json", "{"), 400, "JSON"),
        (("text/plain", "application/json", "1"), 415, "text/plain"),
        (("application/json", "image/png", '{"instances": []}'), 406, "image/png"),
    ],
)
def test_a_clients_mistake_is_the_clients(asked, golden, request_, status, sentence):
    if status == 406:
        request_ = (*request_[:2], json.dumps(golden["request"]))
    [answer] = asked(request_)
    assert answer["status"] == status
    assert sentence in answer["body"].splitlines()[0]
