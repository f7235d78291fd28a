"""What a user gets to read who has not what a command needs: one sentence on stderr, and an exit code."""

import os
import re
import shutil
import socket
import subprocess
import time

import pytest
from botocore.exceptions import ClientError

INSTALL = (
    "version 1.10 or newer is needed. Install Terraform 1.10 or newer "
    "(https://developer.hashicorp.com/terraform/install) or OpenTofu 1.11 or newer.\n"
)


@pytest.mark.parametrize("words", [("plan", "dev"), ("train",), ("invoke",), ("status",)])
def test_without_a_twin(checkout, words):
    result = checkout.fairway(*words)
    sentence = f"error: The twin does not answer on http://127.0.0.1:{checkout.port}: `make up` starts it.\n"
    assert (result.code, result.err) == (1, sentence)


def test_a_taken_port(checkout):
    with socket.socket() as other:
        other.bind(("127.0.0.1", checkout.port))
        other.listen()
        result = checkout.fairway("up")
    assert result.code == 1
    assert result.err == (
        f"error: The twin did not start: port {checkout.port} is taken by another program: end it, or choose a port "
        "with FAIRWAY_TWIN_PORT\n"
    )


@pytest.mark.parametrize("command", ["plan", "release"])
def test_an_environment_that_does_not_exist(copy, command):
    result = copy.fairway(command, "moon")
    assert result.code == 1
    assert re.fullmatch(r"error: There is no environment 'moon': expected one of dev\b.*\n", result.err)


def test_no_terraform_on_the_path(copy, tmp_path):
    for program in ("git", "env"):
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    result = copy.fairway("plan", "dev", PATH=str(tmp_path))
    assert (result.code, result.err) == (1, f"error: terraform was not found on PATH: {INSTALL}")
    assert copy.fairway("demo", PATH=str(tmp_path)).err == result.err


def test_an_old_terraform(copy, tmp_path):
    old = tmp_path / "terraform"
    old.write_text('#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n')
    old.chmod(0o755)
    result = copy.fairway("plan", "dev", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (result.code, result.err) == (1, f"error: {old} 1.5.7 was found: {INSTALL}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "project.json: it does not exist: `make init` writes it."),
        ('{"project": ', "project.json: it is not JSON (line 1: Expecting value)."),
        ("{}", "project.json: `project` is missing: Field required."),
        (
            '{"project": "Flights!", "region": "us-east-1", "repository": "a/b", "accounts": {}}',
            "project.json: `project` is 'Flights!': String should match pattern '^[a-z][a-z0-9-]{1,19}$'.",
        ),
        (
            '{"project": "flights", "region": "us-east-1", "repository": "a/b", "accounts": {"dev": "12"}}',
            "project.json: `accounts.dev` is '12': String should match pattern '^\\d{12}$'.",
        ),
    ],
)
def test_a_project_file_that_is_missing_or_wrong(checkout, text, sentence):
    path = checkout.root / "project.json"
    before = path.read_text()
    path.unlink()
    if text is not None:
        path.write_text(text)
    result = checkout.fairway("plan", "dev")
    path.write_text(before)
    assert (result.code, result.err) == (1, f"error: {sentence}\n")


def test_an_unknown_cloud(checkout):
    result = checkout.fairway("plan", "dev", CLOUD="azure")
    assert (result.code, result.err) == (
        1, "error: CLOUD is 'azure': `twin` (the local AWS, the default) or `aws` is expected.\n",
    )  # fmt: skip


def test_an_operation_that_the_twin_lacks_is_refused_at_once_and_named(copy):
    sagemaker = copy.client("sagemaker")
    began = time.monotonic()
    with pytest.raises(ClientError) as refused:
        sagemaker.list_auto_ml_jobs()
    assert time.monotonic() - began < 1
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"] == {
        "Code": "UnknownOperationException",
        "Message": "The twin has no operation ListAutoMLJobs of sagemaker.",
    }


def test_an_endpoint_that_does_not_exist(copy):
    with pytest.raises(ClientError) as refused:
        copy.client("sagemaker-runtime").invoke_endpoint(EndpointName="nobody", Body=b"{}")
    assert refused.value.response["Error"] == {
        "Code": "ValidationError",
        "Message": "Endpoint nobody of account 111111111111 not found.",
    }


def test_advice_takes_variables_where_there_is_no_terminal_and_names_the_one_that_is_missing(checkout):
    needs = {
        "TRAFFIC": "steady", "LATENCY_MS": "100", "REQUESTS_PER_MINUTE": "600", "PAYLOAD_MB": "0.1", "WORK_MS": "5",
        "MEMORY_GB": "1",
    }  # fmt: skip
    told = checkout.fairway("advise", **needs)
    assert (told.code, told.err) == (0, "")
    assert "mode = { real_time = {} }" in told.out
    missing = checkout.fairway("advise", **{**needs, "WORK_MS": ""})
    assert missing.code == 1
    assert "WORK_MS is not set, and there is no terminal to ask at." in missing.err


def test_two_set_ups_at_once(checkout):
    for name in (".venv", ".venv-checkov"):
        (checkout.root / name).unlink()
    variables = {**os.environ, "PYTHONPATH": ""}
    both = [
        subprocess.Popen(
            ["make", "setup"],
            cwd=checkout.root,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    for said, process in [(process.communicate()[0], process) for process in both]:
        assert process.returncode == 0, said
    assert checkout.fairway("env").code == 0
    again = subprocess.run(
        ["make", "setup"], cwd=checkout.root, env=variables, capture_output=True, text=True, check=True
    )
    assert "Nothing to be done for 'setup'." in again.stdout  # below `make check`, make tells its folder as well
