"""The training workflow: what it asks AWS for, evaluated as Step Functions does and held to botocore's models."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.validate import ParamValidator
from tests.unit.pipelines.asl import complaints, evaluate, input_shape
from tests.unit.pipelines.workflow import (
    CHAMPION,
    DIGEST,
    EVALUATION,
    GATE,
    IMAGE,
    INPUT,
    MODEL_DATA,
    ROOT,
    RUN,
    arguments_of,
    filled,
    tasks,
    variables_of,
)

from fairway.jobs.settings import read_files

TASKS = ["ListRaw", "Prepare", "Join", "Tune", "Best", "Train", "Evaluate", "ReadEvaluation", "Register"]


@pytest.fixture(scope="module")
def states() -> dict[str, Any]:
    return filled()


@pytest.mark.parametrize("champion", [None, CHAMPION], ids=["first model", "with a champion"])
@pytest.mark.parametrize("name", TASKS)
def test_a_tasks_arguments_are_what_the_service_takes(states, name, champion):
    shape = input_shape(states[name]["Resource"])
    arguments = evaluate(states[name]["Arguments"], variables_of(states, {**INPUT, "champion": champion}))
    report = ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), report.generate_report()
    assert complaints(shape, arguments) == []


def test_every_task_is_checked(states):
    assert list(tasks(states)) == TASKS


def test_the_checks_see_a_wrong_value():
    shape = input_shape("arn:aws:states:::sagemaker:createTrainingJob.sync")
    assert complaints(shape, {"TrainingJobName": "a" * 64}) != []
    assert complaints(shape, {"ResourceConfig": {"InstanceType": "m5.large"}}) != []


# -- what each task is told ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Prepare", "Join", "Train", "Evaluate"])
def test_a_jobs_name_tells_run_step_and_attempt_apart(states, name):
    arguments = arguments_of(states, name)
    job = arguments.get("TrainingJobName") or arguments["ProcessingJobName"]
    assert RUN in job
    assert job.endswith("-2")  # the attempt: a name can be used once
    assert len(job) <= 63


def test_the_first_model_is_evaluated_alone(states):
    inputs = arguments_of(states, "Evaluate")["ProcessingInputs"]
    assert {each["InputName"]: each["S3Input"]["S3Uri"] for each in inputs} == {
        "model": MODEL_DATA, "data": f"s3://flights-artifacts/runs/{RUN}/data/",
    }  # fmt: skip


def test_a_champion_is_evaluated_too(states):
    inputs = arguments_of(states, "Evaluate", champion=CHAMPION)["ProcessingInputs"]
    assert [each["InputName"] for each in inputs] == ["model", "data", "champion"]
    assert inputs[2]["S3Input"]["S3Uri"] == CHAMPION["model_data_url"]
    assert inputs[2]["S3Input"]["LocalPath"] == "/opt/ml/processing/input/champion"


@pytest.mark.parametrize("parameters", [{}, {"test": "2013-08", "train": "2013-01"}])
def test_parameters_reach_the_preparation_as_json(states, parameters):
    environment = arguments_of(states, "Prepare", parameters=parameters)["Environment"]
    assert json.loads(environment["FAIRWAY_PARAMETERS"]) == parameters


def test_the_gate_reaches_the_evaluation_as_json(states):
    assert json.loads(arguments_of(states, "Evaluate")["Environment"]["FAIRWAY_GATE"]) == GATE


@pytest.mark.parametrize("name", ["Prepare", "Join", "Train", "Evaluate"])
def test_a_job_has_lineage_and_an_end(states, name):
    arguments = arguments_of(states, name)
    assert arguments["Environment"]["FAIRWAY_GIT_SHA"] == INPUT["git_sha"]
    assert arguments["Environment"]["FAIRWAY_IMAGE"] == IMAGE
    assert arguments["StoppingCondition"]["MaxRuntimeInSeconds"] == 3600


def test_everything_of_a_run_lies_in_its_folder(states):
    outputs = {
        output["OutputName"]: output["S3Output"]["S3Uri"]
        for name in ("Prepare", "Join", "Evaluate")
        for output in arguments_of(states, name)["ProcessingOutputConfig"]["Outputs"]
    }
    folder = f"s3://flights-artifacts/runs/{RUN}"
    assert outputs == {
        "data": f"{folder}/data", "report": f"{folder}/data-report", "evaluation": f"{folder}/evaluation",
    }  # fmt: skip
    assert arguments_of(states, "Train")["OutputDataConfig"]["S3OutputPath"] == f"{folder}/model"


def test_a_model_is_registered_with_metrics_and_lineage(states):
    package = arguments_of(states, "Register")
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]
    assert statistics["S3Uri"] == f"s3://flights-artifacts/runs/{RUN}/evaluation/evaluation.json"
    assert package["CustomerMetadataProperties"] == {
        "run": RUN, "git_sha": "2" * 40, "image_digest": DIGEST, "model_data_sha256": "3" * 64,
        "data_sha256": hashlib.sha256(b'{"test/a.parquet":"' + b"4" * 64 + b'"}').hexdigest(),
    }  # fmt: skip


def test_the_output_is_what_a_release_is_made_of(states):
    result = {"ModelPackageArn": "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/4"}
    assert evaluate(states["Register"]["Output"], variables_of(states, INPUT), {"result": result}) == {
        "run": RUN, "model_package_arn": result["ModelPackageArn"], "model_data_url": MODEL_DATA,
        "model_data_sha256": "3" * 64, "metrics": EVALUATION["metrics"], "image": IMAGE, "git_sha": "2" * 40,
    }  # fmt: skip


# -- several instances that prepare ----------------------------------------------------------------------------------

MONTHS = [f"{year}-{month:02d}" for year in range(2011, 2014) for month in range(1, 13)]
FILES = [f"{kind}/{month}.parquet" for kind in ("flights", "weather") for month in MONTHS]
LISTED = {"IsTruncated": False, "Contents": [{"Key": f"raw/{name}"} for name in ["", *FILES, "planes.parquet"]]}


@pytest.mark.parametrize(("instances", "path"), [(1, ["Prepare", "Search"]), (2, ["ListRaw", "Join"])])
def test_only_several_instances_are_listed_for_and_joined(instances, path):
    states = filled(instances)
    for name, expected in zip(["Hosts", "Prepared"], path, strict=True):
        rule = states[name]["Choices"][0]
        assert (rule["Next"] if evaluate(rule["Condition"], {}) else states[name]["Default"]) == expected
    assert (states["ListRaw"]["Next"], states["Join"]["Next"]) == ("Prepare", "Search")


def test_instances_share_one_folder_and_each_has_the_rest():
    arguments = arguments_of(filled(2), "Prepare", listed=LISTED)
    inputs = {each["InputName"]: each["S3Input"] for each in arguments["ProcessingInputs"]}
    assert {name: (its["S3Uri"], its["LocalPath"], its["S3DataDistributionType"]) for name, its in inputs.items()} == {
        name.replace(".", "-"): (
            f"s3://flights-artifacts/raw/{name}{'' if '.' in name else '/'}",
            f"/opt/ml/processing/input/raw/{name}",
            "ShardedByS3Key" if name == "flights" else "FullyReplicated",
        )
        for name in ("flights", "weather", "planes.parquet")
    }


@pytest.mark.parametrize("name", ["Prepare", "Join"])
def test_every_instance_is_told_the_names_of_all_that_is_shared(name):
    environment = arguments_of(filled(2), name, listed=LISTED)["Environment"]
    assert all(len(value) <= 256 for value in environment.values())
    assert list(read_files(environment)) == [f"flights/{month}.parquet" for month in MONTHS]


@pytest.mark.parametrize(
    "listed",
    [LISTED | {"IsTruncated": True}, {"IsTruncated": False, "Contents": [{"Key": "raw/flights/2013-01.parquet"}]}],
    ids=["too many files", "fewer files than instances"],
)
def test_what_cannot_be_shared_is_said(listed):
    with pytest.raises(Exception, match="2 instances prepare up to 1,000 files"):
        arguments_of(filled(2), "Prepare", listed=listed)


# -- the gate and the failures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gate", "chosen"), [
    ({"passed": True, "reasons": []}, "Register"),
    ({"passed": False, "reasons": ["auc is 0.6, below 0.65."]}, "QualityGateRefused"),
    ({}, "QualityGateRefused"),  # an evaluation that decides nothing passes nothing
])  # fmt: skip
def test_only_a_passed_gate_registers(states, gate, chosen):
    rule = states["Gate"]["Choices"][0]
    passed = evaluate(rule["Condition"], {"evaluation": {"gate": gate}})
    assert (rule["Next"] if passed else states["Gate"]["Default"]) == chosen


@pytest.mark.parametrize(("reasons", "told"), [
    (["auc is 0.6, below 0.65."], "auc is 0.6, below 0.65."),
    (["auc is 0.6, below 0.65.", "It is worse than 0.7."], "auc is 0.6, below 0.65. It is worse than 0.7."),
])  # fmt: skip
def test_a_refusal_gives_every_reason(states, reasons, told):
    assigned = {"run": "r-1", "evaluation": {"gate": {"reasons": reasons}}}
    cause = evaluate(states["QualityGateRefused"]["Cause"], assigned)
    assert cause == f"The quality gate refused the candidate of the run r-1: {told}"


JOB = {"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "StoppingCondition": {"MaxRuntimeInSeconds": 3600}}
OVERRUN = JOB | {"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded"}
PROCESSING = {"FailureReason": "AlgorithmError: exit code 1", "ExitMessage": "column dep_delay is missing"}


@pytest.mark.parametrize(("cause", "told"), [
    ("User is not authorized", "User is not authorized"),
    (json.dumps(JOB | {"FailureReason": "AlgorithmError: no rows"}), "AlgorithmError: no rows"),
    (json.dumps(PROCESSING), "column dep_delay is missing"),
    (json.dumps(OVERRUN), "the job ran longer than the 3600 seconds that it is given."),
    (json.dumps(JOB), json.dumps(JOB)),
])  # fmt: skip
def test_a_failure_names_the_state_and_the_reason(states, cause, told):
    output = {"Error": "States.TaskFailed", "Cause": cause}
    caught = evaluate(states["Train"]["Catch"][0]["Assign"], {}, {"errorOutput": output})
    assert evaluate(states["Failed"]["Error"], caught) == "States.TaskFailed"
    assert evaluate(states["Failed"]["Cause"], caught) == f"TheState failed: {told}"


def test_an_error_without_a_cause_names_itself(states):
    caught = {"failure": {"state": "Train", "output": {"Error": "States.Timeout"}}}
    assert evaluate(states["Failed"]["Cause"], caught) == "Train failed: States.Timeout"


def test_every_task_retries_with_backoff_has_an_end_and_catches_everything(states):
    for name, state in tasks(states).items():
        assert all(retry["BackoffRate"] > 1 and retry["MaxAttempts"] <= 5 for retry in state["Retry"]), name
        assert state["TimeoutSeconds"] > 0, name
        assert [(catch["ErrorEquals"], catch["Next"]) for catch in state["Catch"]] == [(["States.ALL"], "Failed")], name


def test_a_mistake_of_ours_is_not_retried_as_if_it_were_the_services(states):
    retried = {error for state in tasks(states).values() for retry in state["Retry"] for error in retry["ErrorEquals"]}
    assert not retried & {"States.ALL", "States.TaskFailed", "States.Timeout"}


def test_every_state_is_reached_and_every_path_ends(states):
    following = {name: next_states(state) for name, state in states.items()}
    assert {"Begin"}.union(*following.values()) == set(states)
    ends = {name for name, names in following.items() if not names}
    assert ends == {"Registered", "NothingToSearch", "QualityGateRefused", "Failed"}


def next_states(state: Mapping[str, Any]) -> set[str]:
    branches = [*state.get("Choices", []), *state.get("Catch", [])]
    return {branch["Next"] for branch in branches} | {state[way] for way in ("Next", "Default") if way in state}


def test_the_table_of_states_names_them_all(states):
    table = re.findall(r"^\| `(\w+)` \|", (ROOT / "pipelines/README.md").read_text(), re.MULTILINE)
    assert table[: table.index("Failed") + 1] == list(states)  # the table of another workflow follows
