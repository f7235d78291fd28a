"""The batch workflow: what it asks SageMaker for, evaluated as Step Functions does and held to botocore's model."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from botocore.validate import ParamValidator
from tests.unit.pipelines.asl import complaints, evaluate, input_shape

from fairway.delivery import batch

ROOT = Path(__file__).parents[3]
DEFINITION = (ROOT / "pipelines/batch.asl.json").read_text()
FILLED = {
    "job_prefix": "a" * 22,  # the longest that Terraform gives
    "model_name": "flights-dev-batch-7-abcdef01",
    "output": "s3://flights-artifacts/serving/flights-dev/batch",
    "artifact_key_arn": "arn:aws:kms:us-east-1:111111111111:key/2",
    "resources": json.dumps({"InstanceType": "ml.m5.large", "InstanceCount": 1}),
    "strategy": "MultiRecord",
    "max_payload_mb": "6",
    "max_concurrent": "0",
    "join": "None",
    "task_timeout_seconds": "5400",
}
RUN = "20261122-150000-abcd-and-32-long"  # of the execution's name


@pytest.fixture(scope="module")
def states():
    return json.loads(re.sub(r"\$\{(\w+)\}", lambda match: FILLED[match[1]], DEFINITION))["States"]


def assigned(states, told):
    return evaluate(states["Begin"]["Assign"], {}, {"input": told})


@pytest.mark.parametrize("end", sorted(batch.FORMATS))
def test_a_job_is_what_sagemaker_takes(states, end):
    told = asdict(batch.told_of("s3://flights-artifacts/in/", batch.FORMATS[end]))
    state = states["Transform"]
    request = evaluate(state["Arguments"], assigned(states, told))
    shape = input_shape(state["Resource"])
    assert ParamValidator().validate(request, shape).generate_report() == ""
    assert complaints(shape, request) == []
    assert request["TransformJobName"] == f"{'a' * 22}-{RUN}-batch-2"
    assert request["TransformOutput"]["S3OutputPath"] == f"{FILLED['output']}/{RUN}/output"
    assert request["TransformOutput"]["AssembleWith"] == request["TransformInput"]["SplitType"]


def test_it_ends_with_where_the_predictions_are(states):
    variables = assigned(states, asdict(batch.told_of("s3://b/in/", batch.FORMATS[".csv"])))
    output = evaluate(states["Transform"]["Output"], variables)
    assert output == {"run": RUN, "model_name": FILLED["model_name"], "output": f"{FILLED['output']}/{RUN}/output/"}


@pytest.mark.parametrize(
    ("caught", "cause"),
    [
        ({"Error": "SageMaker.X", "Cause": json.dumps({"FailureReason": "a.csv: 400"})}, "a.csv: 400"),
        ({"Error": "States.Timeout"}, "States.Timeout"),
        ({"Error": "SageMaker.X", "Cause": "denied"}, "denied"),
    ],
)  # fmt: skip
def test_a_failure_says_the_jobs_reason(states, caught, cause):
    variables = {"failure": evaluate(states["Transform"]["Catch"][0]["Assign"]["failure"], {}, {"errorOutput": caught})}
    assert evaluate(states["Failed"]["Cause"], variables) == f"Transform failed: {cause}"
    assert evaluate(states["Failed"]["Error"], variables) == caught["Error"]


def test_the_table_of_states_names_them_all(states):
    told = (ROOT / "pipelines/README.md").read_text().partition("\n## Batch transform")[2]
    assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == list(states)
