"""One release answers a whole month alike, to 1e-6: in every mode, to every content type, by either backend."""

import uuid

import numpy as np
import pytest
from tests.integration.modes.month.conftest import BUCKET, LIMITS, PATIENCE
from tests.integration.modes.month.formats import FORMATS, MEGABYTE, differences, parts, pieces, probabilities
from tests.integration.runtime.conftest import DONE, log_lines, wait

from model.small_batches import FEW_ROWS

pytestmark = pytest.mark.long

each_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)


def at_once(twin, endpoint, form, bodies):
    """Ask an endpoint that answers at once, body by body; return all predictions."""
    runtime = twin.client("sagemaker-runtime")
    got = []
    for body in bodies:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint, ContentType=form.content_type, Accept=form.accept, Body=body
        )
        got += probabilities(answer["Body"].read(), form.accept)
    return got


def later(twin, endpoint, form, bodies):
    """Ask an asynchronous endpoint about objects, all at a time; return the predictions of its objects."""
    runtime, s3 = twin.client("sagemaker-runtime"), twin.client("s3")
    places = []
    for body in bodies:
        key = f"requests/{uuid.uuid4()}"
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        told = runtime.invoke_endpoint_async(
            EndpointName=endpoint,
            ContentType=form.content_type,
            Accept=form.accept,
            InputLocation=f"s3://{BUCKET}/{key}",
        )
        places.append(told["OutputLocation"].removeprefix(f"s3://{BUCKET}/"))
    wait(
        lambda: {place: s3.list_objects_v2(Bucket=BUCKET, Prefix=place)["KeyCount"] for place in places},
        lambda found: all(found.values()),
        PATIENCE,
    )
    answers = [s3.get_object(Bucket=BUCKET, Key=place)["Body"].read() for place in places]
    return [chance for answer in answers for chance in probabilities(answer, form.accept)]


@each_format
@pytest.mark.parametrize("mode", LIMITS)
def test_an_endpoint_answers_the_month_as_the_artifact_does(twin, endpoint, month, mode, form):
    ask = later if mode == "asynchronous" else at_once
    got = ask(twin, endpoint(mode), form, parts(month.rows, form, LIMITS[mode]))
    assert differences(got, month.predicted) == [], f"{mode}, {form.content_type}"


@each_format
def test_small_requests_are_answered_alike(twin, endpoint, month, form):
    """Small enough for ONNX Runtime, where the others are large enough for XGBoost."""
    got = at_once(twin, endpoint("real-time"), form, pieces(month.rows, form, FEW_ROWS))
    assert differences(got, month.predicted) == [], f"real-time, {form.content_type}, {FEW_ROWS} rows at a time"


@each_format
def test_batch_transform_on_two_instances_writes_the_same(twin, model, month, form):
    sagemaker, s3, name = twin.client("sagemaker"), twin.client("s3"), f"month-{uuid.uuid4()}"
    # What has no lines is sent as whole files, of which each instance needs one.
    limit = 6 * MEGABYTE if form.lines else min(6 * MEGABYTE, len(form.write(month.rows)) // 2)
    bodies = (
        [*parts(month.rows, form, limit)]
        if not form.lines
        else [*pieces(month.rows, form, month.rows.num_rows // 2 + 1)]
    )
    for number, body in enumerate(bodies):
        s3.put_object(Bucket=BUCKET, Key=f"{name}/{number}", Body=body)
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=model(6, script=False),
        MaxPayloadInMB=1 if form.lines else 6,
        BatchStrategy="MultiRecord" if form.lines else "SingleRecord",
        TransformInput={
            "ContentType": form.content_type,
            "SplitType": "Line" if form.lines else "None",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{name}/"}},
        },
        TransformOutput={
            "S3OutputPath": f"s3://{BUCKET}/out/{name}", "Accept": form.accept,
            "AssembleWith": "Line" if form.lines else "None",
        },
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 2},
    )  # fmt: skip
    job = wait(
        lambda: sagemaker.describe_transform_job(TransformJobName=name),
        lambda found: found["TransformJobStatus"] in DONE,
        PATIENCE,
    )
    assert job["TransformJobStatus"] == "Completed", job
    got = []
    for number in range(len(bodies)):
        answer = s3.get_object(Bucket=BUCKET, Key=f"out/{name}/{number}.out")["Body"].read()
        got += probabilities(answer, form.accept)
    assert differences(got, month.predicted) == [], f"batch transform, {form.content_type}"
    assert len(instances_that_worked(twin, name)) == 2


def instances_that_worked(twin, job):
    """Return the log streams of the instances of a job that were asked for predictions."""
    group = "/aws/sagemaker/TransformJobs"
    streams = twin.client("logs").describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/i-")
    names = [stream["logStreamName"] for stream in streams["logStreams"]]
    return [name for name in names if any('"/invocations"' in line for line in log_lines(twin, group, name))]


def test_a_difference_is_told_with_its_row_and_its_size():
    expected = np.array([0.25, 0.5, 0.75])
    assert differences([0.25, 0.5 + 5e-7, 0.75], {"XGBoost": expected}) == []
    [told] = differences([0.25, 0.5, 0.75 - 3e-6], {"XGBoost": expected})
    assert told.startswith("1 of 3 rows are not what XGBoost predicts; row 2 the least: 0.749997")
    assert told.endswith("3e-06 apart")
    assert differences([0.25, float("nan"), 0.75], {"XGBoost": expected})
    assert differences([0.25], {"XGBoost": expected}) == ["1 predictions, XGBoost has 3"]
