"""Transform jobs on a real twin: objects of S3 through containers, as SageMaker documents it."""

import gzip
import json
from functools import partial

import pytest
from botocore.exceptions import ClientError
from tests.integration.modes.batches import GROUP, LINES, OUT, batch, image
from tests.integration.runtime.conftest import wait

__all__ = ["batch", "image"]


def test_every_object_has_its_output_in_the_same_folders(twin, batch, heard):
    contents = {"a.csv": b"1,2\n3,4\n", "deep/b.csv": b"5,6\n", "deep/c.csv": b"7,8"}
    name = batch.start(f"{batch.objects(contents)}/", instances=2, Tags=[{"Key": "team", "Value": "data"}])
    assert batch.describe(name)["TransformJobStatus"] == "InProgress"
    job = batch.ended(name)
    assert job["TransformJobStatus"] == "Completed", job
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    assert batch.written(job) == {
        "a.csv.out": b"3.0\n7.0\n",
        "deep/b.csv.out": b"11.0\n",
        "deep/c.csv.out": b"15.0\n",
    }
    assert job["TransformInput"] | LINES == {**job["TransformInput"], "CompressionType": "None"}
    assert job["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    sagemaker = twin.client("sagemaker")
    (summary,) = sagemaker.list_transform_jobs(NameContains=name, StatusEquals="Completed")["TransformJobSummaries"]
    assert summary["TransformJobArn"] == job["TransformJobArn"]
    tags = sagemaker.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}]
    streams = twin.client("logs").describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
    assert sum(stream["logStreamName"].endswith("/data-log") for stream in streams) == 2
    events = wait(
        lambda: {"events": heard(job["TransformJobArn"])},
        lambda seen: any(event["detail"]["TransformJobStatus"] == "Completed" for event in seen["events"]),
    )["events"]
    assert {event["detail-type"] for event in events} == {"SageMaker Transform Job State Change"}


@pytest.mark.parametrize(
    ("members", "requests"),
    [
        ({"BatchStrategy": "MultiRecord"}, 1),
        ({"BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": 4}, 3),
        ({"Environment": {"PARAMETERS": '{"BatchStrategy": "SINGLE_RECORD"}'}}, 3),
    ],
)
def test_strategies_by_request_or_by_the_container(batch, members, requests):
    job = batch.of({"a.csv": b"1\n2\n3\n"}, **members)
    assert job["TransformJobStatus"] == "Completed"
    assert batch.written(job) == {"a.csv.out": b"1.0\n2.0\n3.0\n"}
    assert len(batch.asked(job["TransformJobName"])) == requests


def test_payloads_are_filled_but_not_over(batch):
    line = b"1," + b"0" * 399_998 + b"\n"
    job = batch.of({"a.csv": line * 5}, MaxPayloadInMB=1)
    assert job["TransformJobStatus"] == "Completed"
    assert sorted(line.split()[1] for line in batch.asked(job["TransformJobName"])) == ["1", "2", "2"]
    assert batch.written(job) == {"a.csv.out": b"1.0\n" * 5}


def test_gzip_manifests_and_the_environment_of_a_container(twin, bucket, batch):
    whole = {"ContentType": "text/csv", "SplitType": "None", "CompressionType": "Gzip"}
    prefix = batch.objects({"one.gz": gzip.compress(b"environment"), "two.gz": b"not asked for"})
    manifest = json.dumps([{"prefix": f"s3://{bucket}/{prefix}/"}, "one.gz"]).encode()
    twin.client("s3").put_object(Bucket=bucket, Key=f"{prefix}.manifest", Body=manifest)
    more = {"MaxPayloadInMB": 2, "Environment": {"MODE": "own"}}
    job = batch.ended(batch.start(f"{prefix}.manifest", kind="ManifestFile", source=whole, output={}, **more))
    assert job["TransformJobStatus"] == "Completed"
    written = batch.written(job)
    assert list(written) == ["one.gz.out"]
    environment = json.loads(written["one.gz.out"])
    assert (environment["SAGEMAKER_BATCH"], environment["MODE"]) == ("true", "own")
    assert environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "2"
    assert "SAGEMAKER_BATCH_STRATEGY" not in environment


def test_rows_are_filtered_and_joined(batch):
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    job = batch.of({"a.csv": b"id1,1,2\nid2,3,4\n"}, DataProcessing=processing)
    assert job["TransformJobStatus"] == "Completed"
    assert batch.written(job) == {"a.csv.out": b"id1,3.0\nid2,7.0\n"}


def test_objects_are_filtered_and_joined(batch):
    job = batch.of(
        {"a.jsonl": b'{"id": 1, "in": {"x": 3}}\n{"id": 2, "in": {"x": 4}}\n'},
        source={"ContentType": "application/jsonlines", "SplitType": "Line"},
        output={"Accept": "application/jsonlines", "AssembleWith": "Line"},
        DataProcessing={"InputFilter": "$.in", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
    )
    assert job["TransformJobStatus"] == "Completed"
    assert [json.loads(line) for line in batch.written(job)["a.jsonl.out"].splitlines()] == [
        {"id": 1, "SageMakerOutput": {"y": 6}},
        {"id": 2, "SageMakerOutput": {"y": 8}},
    ]


def test_one_bad_record_fails_the_job_and_its_file_alone(batch):
    job = batch.of({"a.csv": b"1\nbad\n2\n", "b.csv": b"3\n"}, BatchStrategy="SingleRecord")
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert batch.written(job) == {"b.csv.out": b"3.0\n"}
    lines = [line for line in batch.lines(job["TransformJobName"]) if "[sagemaker logs]" in line]
    assert any(line.endswith("a.csv: ClientError: 400") for line in lines)
    assert any(line.endswith("a.csv: row 1 is bad") for line in lines)


def test_a_failure_of_the_model_is_tried_again(batch):
    job = batch.of({"a.csv": b"flaky\n1\n"}, ModelClientConfig={"InvocationsMaxRetries": 1})
    assert job["TransformJobStatus"] == "Completed"
    assert batch.written(job) == {"a.csv.out": b"1.0\n"}
    job = batch.of({"a.csv": b"flaky\n1\n"}, ModelClientConfig={"InvocationsMaxRetries": 0})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert batch.written(job) == {}


@pytest.mark.parametrize(
    ("content", "members"),
    [
        (b"die\n", {"ModelClientConfig": {"InvocationsMaxRetries": 1}}),
        (b"wait\n", {"ModelClientConfig": {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 1}}),
        (b"1\n", {"Environment": {"MODE": "dies"}}),
    ],
)
def test_a_container_that_ends_or_hangs_fails_the_job(batch, content, members):
    job = batch.of({"a.csv": content}, **members)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ")


def test_a_job_can_be_stopped_and_leaves_nothing(twin, batch):
    name = batch.start(batch.objects({"a.csv": b"1\n", "b.csv": b"wait\n"}))
    wait(lambda: {"asked": batch.asked(name)}, lambda seen: len(seen["asked"]) == 2)
    twin.client("sagemaker").stop_transform_job(TransformJobName=name)
    job = batch.ended(name)
    assert job["TransformJobStatus"] == "Stopped"
    assert batch.written(job) == {}
    with pytest.raises(ClientError, match="is in status Stopped"):
        twin.client("sagemaker").stop_transform_job(TransformJobName=name)


def test_it_acts_as_the_role_of_the_model(twin, batch, model):
    refused = model(without="metrics")
    role = twin.client("sagemaker").describe_model(ModelName=refused)["ExecutionRoleArn"]
    twin.client("iam").delete_role_policy(RoleName=role.rpartition("/")[2], PolicyName="all")
    assert "No S3 objects found" in batch.of({"a.csv": b"1\n"}, uses=refused)["FailureReason"]
    assert "No S3 objects found" in batch.ended(batch.start("nothing-is-here/"))["FailureReason"]


def test_outputs_are_encrypted_with_the_key_that_is_asked_for(twin, bucket, batch):
    key = twin.client("kms").create_key()["KeyMetadata"]["Arn"]
    job = batch.of({"a.csv": b"1\n"}, output={**OUT, "KmsKeyId": key})
    assert job["TransformJobStatus"] == "Completed"
    head = twin.client("s3").head_object(Bucket=bucket, Key=f"out/{job['TransformJobName']}/a.csv.out")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_what_is_refused(batch, model):
    refuse = partial(batch.start, "in", uses=model())
    with pytest.raises(ClientError, match="The twin does not have SplitType RecordIO"):
        refuse(source={"SplitType": "RecordIO"})
    with pytest.raises(ClientError, match="cannot exceed 100 MB"):
        refuse(MaxConcurrentTransforms=50)
    with pytest.raises(ClientError, match="Could not find model"):
        batch.start("in", uses="no-such-model")
    with pytest.raises(ClientError, match="Could not find requested job"):
        batch.describe("no-such-job")


def test_only_who_may_creates_a_job(twin, batch, as_role, model, bucket):
    uses = model()
    its_model = {"ArnEquals": {"sagemaker:ModelArn": f"arn:aws:sagemaker:us-east-1:111111111111:model/{uses}"}}
    mine = {"Resource": "arn:aws:sagemaker:*:*:transform-job/mine-*", "Condition": its_model}
    sagemaker = twin.client("sagemaker", as_role({"Action": "sagemaker:CreateTransformJob", **mine}))
    request = {
        "ModelName": uses,
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/none"}}},
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    sagemaker.create_transform_job(TransformJobName="mine-1", **request)
    for name, changes in (("other-1", {}), ("mine-2", {"ModelName": model()})):
        with pytest.raises(ClientError, match="AccessDenied"):
            sagemaker.create_transform_job(TransformJobName=name, **{**request, **changes})
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_transform_job(TransformJobName="mine-1", **request)
    assert batch.ended("mine-1")["TransformJobStatus"] == "Failed"
