"""The twin as a process: it says when it cannot start, and nothing that it started survives it."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile

import pytest
from tests.integration.running import SOURCES, RunningTwin, start_twin
from tests.integration.runtime.hand_made import FILES, layer, model_archive, push

HANDLER = """
import importlib.util, os
def handler(event, context):
    found = importlib.util.find_spec("fairway") is not None
    return {"pid": os.getpid(), "temporary": os.environ["TMPDIR"], "finds the working tree": found}
"""


@pytest.fixture
def own_twin(tmp_path):
    """A twin that a test may kill."""
    running = start_twin(tmp_path / "own")
    yield running
    if running.process.poll() is None:
        running.stop()


def run_an_endpoint(twin: RunningTwin) -> None:
    s3, ecr, iam, sagemaker = (twin.client(name) for name in ("s3", "ecr", "iam", "sagemaker"))
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="model.tar.gz", Body=model_archive("hello"))
    ecr.create_repository(repositoryName="flights")
    image = push(twin, "flights", layer(FILES))
    trusted = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="serve", AssumeRolePolicyDocument=json.dumps({"Statement": [trusted]}))["Role"][
        "Arn"
    ]
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="serve", PolicyName="all", PolicyDocument=json.dumps(everything))
    container = {"Image": image, "ModelDataUrl": "s3://artifacts/model.tar.gz"}
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="e", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def run_a_function(twin: RunningTwin) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", HANDLER)
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = twin.client("iam").create_role(
        RoleName="function", AssumeRolePolicyDocument=json.dumps({"Statement": [trusted]})
    )["Role"]["Arn"]
    functions = twin.client("lambda")
    functions.create_function(
        FunctionName="f", Runtime="python3.11", Role=role, Handler="index.handler", Code={"ZipFile": buffer.getvalue()}
    )
    answer = json.load(functions.invoke(FunctionName="f")["Payload"])
    assert answer["temporary"].startswith(str(twin.directory))
    assert not answer["finds the working tree"]
    return int(answer["pid"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_survives_its_end(own_twin, number):
    run_an_endpoint(own_twin)
    function = run_a_function(own_twin)
    assert function in own_twin.processes()
    assert len(own_twin.processes()) >= 2

    own_twin.process.send_signal(number)

    assert own_twin.process.wait(timeout=15) == (0 if number != signal.SIGKILL else -signal.SIGKILL)
    deadline = time.monotonic() + 5
    while own_twin.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert own_twin.processes() == []
    assert (own_twin.directory / "twin.json").exists() == (number == signal.SIGKILL)


def test_its_health_says_what_twin_json_says(twin):
    with urllib.request.urlopen(f"{twin.endpoint}/_fairway/health", timeout=5) as answer:  # noqa: S310 -- http, ours
        health = json.load(answer)
    assert health["status"] == "ok"
    assert "sagemaker" in health["services"]
    announced = json.loads((twin.directory / "twin.json").read_text())
    assert announced["pid"] == twin.process.pid
    assert announced.items() <= health.items()


def test_a_port_that_is_taken_is_one_sentence(twin, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "fairway.twin", "--directory", str(tmp_path / "second"), "--port", str(twin.port)],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"Port {twin.port} of 127.0.0.1 is taken: end what listens there, or give the twin another port.\n"
    )


def test_the_users_own_aws_settings_do_not_reach_it(tmp_path):
    foreign = {
        "AWS_ACCESS_KEY_ID": "AKIAFOREIGN",
        "AWS_SESSION_TOKEN": "foreign",
        "AWS_PROFILE": "none",
        "PERSIST_STATE": "1",
    }
    running = start_twin(tmp_path / "own", foreign)
    try:
        identity = running.client("sts").get_caller_identity()
        assert identity["Arn"] == "arn:aws:iam::111111111111:root"
    finally:
        running.stop()
