"""What the training workflow says when a run cannot end well; it registers nothing then."""

import io
import json
import re
from dataclasses import replace

import pyarrow.parquet as pq
from tests.integration.main_job.checkout import INTERRUPTED, interrupt, wait_until
from tests.integration.main_job.workflow import BUCKET, MACHINE, failure, versions


def test_training_code_raises(copy):
    before = versions(copy)
    with copy.edited(
        "src/model/training.py", r"(\n    chosen = parse\()", r'\n    raise RuntimeError("no tree grew")\1'
    ):
        result = copy.fairway("train", "dev")
    assert result.code == 1
    assert re.match(
        r"error: The training workflow \S+ ended with States\.TaskFailed: Train failed: AlgorithmError: "
        r"RuntimeError at training\.py:\d+: no tree grew",
        result.err,
    ), result.err
    assert versions(copy) == before


def test_ctrl_c_ends_the_training_that_was_started(copy):
    states = copy.client("stepfunctions")
    running = {"stateMachineArn": MACHINE, "statusFilter": "RUNNING"}
    train = copy.start("train", "dev")
    wait_until(lambda: states.list_executions(**running)["executions"], train)
    arn = states.list_executions(**running)["executions"][0]["executionArn"]
    result = interrupt(train)
    assert result.code == 130
    assert result.err.endswith(INTERRUPTED)
    ended = states.describe_execution(executionArn=arn)
    assert (ended["status"], ended["error"]) == ("ABORTED", "Interrupted")


def test_the_reason_is_in_the_jobs_own_log_and_description(copy):
    failed = copy.client("sagemaker").list_training_jobs(StatusEquals="Failed", NameContains="flights-dev")
    name = failed["TrainingJobSummaries"][-1]["TrainingJobName"]
    assert copy.client("sagemaker").describe_training_job(TrainingJobName=name)["FailureReason"]
    logs = copy.client("logs").filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=name)
    assert any("Traceback" in event["message"] for event in logs["events"])


def test_raw_data_that_is_missing(copy, told):
    sentence = failure(copy, replace(told, raw=f"s3://{BUCKET}/nothing/"))
    assert "Prepare failed: " in sentence
    assert f"s3://{BUCKET}/nothing/" in sentence


def test_raw_data_with_a_wrong_column(copy, told, few_months):
    s3 = copy.client("s3")
    key = "raw/few/flights/2013-02.parquet"
    table = pq.read_table(io.BytesIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))
    changed = io.BytesIO()
    pq.write_table(
        table.rename_columns(["airline" if name == "carrier" else name for name in table.column_names]), changed
    )
    s3.put_object(Bucket=BUCKET, Key=key, Body=changed.getvalue())
    sentence = failure(copy, replace(told, raw=few_months))
    assert "Prepare failed: " in sentence
    assert "2013-02.parquet" in sentence
    assert "'carrier'" in sentence


def test_a_job_that_overruns_its_time(copy, told, few_months):
    states = copy.client("stepfunctions")
    described = states.describe_state_machine(stateMachineArn=MACHINE)
    definition = json.loads(described["definition"])
    definition["States"]["Train"]["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = 1
    hurried = states.create_state_machine(
        name="flights-dev-hurried", definition=json.dumps(definition), roleArn=described["roleArn"]
    )["stateMachineArn"]
    sentence = failure(copy, replace(told, raw=few_months, hyperparameters={"num_boost_round": "5000"}), hurried)
    states.delete_state_machine(stateMachineArn=hurried)
    assert sentence.endswith("Train failed: the job ran longer than the 1 seconds that it is given.")


def test_the_gate_refuses_a_worse_model(copy, told):
    before = versions(copy)
    sentence = failure(copy, replace(told, hyperparameters={"num_boost_round": "1", "max_depth": "2"}))
    said = r"ended with QualityGateRefused: The quality gate refused the candidate of the run \S+: "
    assert re.search(said, sentence), sentence
    assert "auc" in sentence
    assert "champion" in sentence
    assert versions(copy) == before
