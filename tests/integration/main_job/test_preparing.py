"""How raw data are prepared, as the workflow's input and the environment's main.tf say."""

import io
import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.integration.main_job.workflow import BUCKET, failure, run

from fairway.delivery import executions

MAIN = "terraform/environments/dev/main.tf"
TWO = '  training = {\n    jobs = { processing = { instance_count = 2, sharded_prefix = "flights/" } }\n'
FEBRUARY = "flights/2013-02.parquet"


@pytest.fixture
def bad_row(copy, few_months):
    """Three months, in which a flight leaves at minute 75 of its hour."""
    s3, key = copy.client("s3"), f"raw/few/{FEBRUARY}"
    table = pq.read_table(io.BytesIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))
    column = table.schema.get_field_index("sched_dep_time")
    wrong = pc.if_else(pa.array([row == 6 for row in range(len(table))]), 1275, table["sched_dep_time"])
    changed = io.BytesIO()
    pq.write_table(
        table.set_column(column, table.schema.field(column), wrong.cast(table.schema.field(column).type)), changed
    )
    s3.put_object(Bucket=BUCKET, Key=key, Body=changed.getvalue())
    return few_months


def test_a_bad_row_is_refused_and_named(copy, told, bad_row):
    sentence = failure(copy, replace(told, raw=bad_row))
    assert "Prepare failed: " in sentence
    assert f"{FEBRUARY}, row 7, column 'sched_dep_time': 1275 came, " in sentence
    assert "set the parameter bad_rows to quarantine" in sentence


def test_a_bad_row_is_put_aside_and_counted_where_the_execution_says_so(copy, told, bad_row):
    name, s3 = executions.new_name(), copy.client("s3")
    run(copy, replace(told, raw=bad_row, parameters={"bad_rows": "quarantine"}, champion=None), name=name)
    report = json.loads(s3.get_object(Bucket=BUCKET, Key=f"runs/{name}/data-report/report.json")["Body"].read())
    # The real weather of that month has a wind of more than a thousand miles an hour.
    assert report["quarantined"]["files"] == {
        FEBRUARY: {"sched_dep_time": 1},
        "weather/2013-02.parquet": {"wind_speed": 1},
    }
    aside = s3.get_object(Bucket=BUCKET, Key=f"runs/{name}/data/quarantine/{FEBRUARY}")["Body"].read()
    assert pq.read_table(io.BytesIO(aside)).select(["sched_dep_time", "bad_row"]).to_pylist() == [
        {"sched_dep_time": 1275, "bad_row": 7}
    ]


def test_make_train_hands_its_parameters_to_prepare(copy):
    ended = copy.fairway("train", "dev", PARAMETERS="bad_rows=perhaps bad_rows_percent=5")
    assert ended.code == 1
    assert "Prepare failed: " in ended.err
    assert "parameter 'bad_rows' is 'perhaps': refuse or quarantine was expected" in ended.err


def test_two_instances_prepare_to_the_byte_what_one_prepares(copy, told):
    before = json.loads((copy.root / "terraform/environments/dev/release.json").read_text())["current"]
    name = executions.new_name()
    with copy.edited(MAIN, r"  training = \{\n", TWO):
        applied = copy.fairway("apply", "dev")
        assert applied.code == 0, applied.err
        output = run(copy, told, name=name)
    again = copy.fairway("apply", "dev")
    assert again.code == 0, again.err
    jobs = copy.client("sagemaker").list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]
    [prepare] = [job["ProcessingJobName"] for job in jobs if "-prep-" in job["ProcessingJobName"]]
    described = copy.client("sagemaker").describe_processing_job(ProcessingJobName=prepare)
    assert described["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 2
    assert [job for job in jobs if "-join-" in job["ProcessingJobName"]]
    # The artifact holds the hashes of the data that it was trained on, too.
    assert output["model_data_sha256"] == before["model_data_sha256"]
