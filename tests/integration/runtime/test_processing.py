"""Processing jobs on a real twin."""

import json
from functools import partial

import pytest
from botocore.exceptions import ClientError
from tests.integration.runtime.conftest import DONE, log_lines, wait

GROUP = "/aws/sagemaker/ProcessingJobs"


@pytest.fixture
def process(twin, unique, image, bucket, execution_role):
    """Start a processing job, let `meanwhile` happen when its container runs, and return how it ended."""

    def start(meanwhile=None, *, key=None, data="raw/", seconds=600, app=None, **changes):
        sagemaker, name = twin.client("sagemaker"), unique("job")
        outputs = [
            {
                "OutputName": "data",
                "S3Output": {
                    "S3Uri": f"s3://{bucket}/out/{name}",
                    "LocalPath": "/opt/ml/processing/output/data",
                    "S3UploadMode": "EndOfJob",
                },
            }
        ]
        request = {
            "ProcessingJobName": name,
            "RoleArn": execution_role(),
            "AppSpecification": {"ImageUri": image, "ContainerArguments": ["process", "--all"], **(app or {})},
            "ProcessingInputs": [
                {
                    "InputName": "raw",
                    "S3Input": {
                        "S3Uri": f"s3://{bucket}/{data}",
                        "LocalPath": "/opt/ml/processing/input/raw",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
            ],
            "ProcessingOutputConfig": {"Outputs": outputs, **({"KmsKeyId": key} if key else {})},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
            **changes,
        }
        sagemaker.create_processing_job(**request)
        if meanwhile is not None:
            wait(lambda: {"lines": log_lines(twin, GROUP, f"{name}/")}, lambda log: log["lines"])
            meanwhile(name)
        return wait(
            partial(sagemaker.describe_processing_job, ProcessingJobName=name),
            lambda job: job["ProcessingJobStatus"] in DONE,
        )

    return start


def test_a_job_reads_and_writes_s3(twin, process, bucket):
    job = process()
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ExitMessage"] == "all is well"
    assert job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    written = twin.client("s3").get_object(Bucket=bucket, Key=f"out/{job['ProcessingJobName']}/deep/count.txt")
    assert written["Body"].read() == b"2"
    assert log_lines(twin, GROUP, f"{job['ProcessingJobName']}/algo-1-") == ["arguments ['--all']"]


def test_outputs_are_encrypted_with_the_key_that_is_asked_for(twin, process, bucket):
    key = twin.client("kms").create_key()["KeyMetadata"]["Arn"]
    job = process(key=key)
    assert job["ProcessingJobStatus"] == "Completed", job["FailureReason"]
    head = twin.client("s3").head_object(Bucket=bucket, Key=f"out/{job['ProcessingJobName']}/deep/count.txt")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_code_that_fails_gives_its_reason(process):
    job = process(Environment={"FAIL": "raw/2013-01.csv: column origin is missing"})
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert job["ExitMessage"] == "raw/2013-01.csv: column origin is missing"


def test_missing_data_fails_with_the_place(process, bucket):
    assert process(data="nowhere/")["FailureReason"].startswith(
        f'ClientError: No S3 objects found under S3 URL "s3://{bucket}/nowhere/"'
    )


def test_an_entry_point_of_the_request_replaces_the_images(process):
    assert (
        process(app={"ContainerEntrypoint": ["python", "-c", "raise SystemExit(0)"]})["ProcessingJobStatus"]
        == "Completed"
    )
    assert (
        process(app={"ContainerEntrypoint": ["python", "-c", "raise SystemExit(4)"]})["ProcessingJobStatus"] == "Failed"
    )


HOSTS = {"ClusterConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}


def inputs(bucket, distribution):
    s3 = {
        "S3Uri": f"s3://{bucket}/raw/",
        "LocalPath": "/opt/ml/processing/input/raw",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": distribution,
    }
    return [{"InputName": "raw", "S3Input": s3}]


@pytest.mark.parametrize(
    ("distribution", "given"),
    [
        ("ShardedByS3Key", [["2013-01.csv"], ["2013-02.csv"]]),
        ("FullyReplicated", [["2013-01.csv", "2013-02.csv"]] * 2),
    ],
)
def test_several_instances_share_the_objects_as_the_input_says(twin, process, bucket, distribution, given):
    job = process(ProcessingResources=HOSTS, ProcessingInputs=inputs(bucket, distribution))
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    s3, name = twin.client("s3"), job["ProcessingJobName"]
    keys = [f"out/{name}/algo-{number}.json" for number in (1, 2)]
    written = [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
    assert written == [[["algo-1", "algo-2"], files] for files in given]
    for host in ("algo-1", "algo-2"):
        assert log_lines(twin, GROUP, f"{name}/{host}-") == ["arguments ['--all']"]


def test_a_host_that_fails_ends_the_others_and_its_reason_is_the_jobs(process, bucket):
    job = process(
        ProcessingResources=HOSTS,
        ProcessingInputs=inputs(bucket, "ShardedByS3Key"),
        Environment={"FAILING_HOST": "algo-2", "SECONDS_TO_WAIT": "60"},
    )
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Failed", "the disk of algo-2 is full")
    assert job["ProcessingEndTime"].timestamp() - job["ProcessingStartTime"].timestamp() < 40


def test_a_job_that_overruns_is_stopped(process):
    job = process(seconds=1, Environment={"SECONDS_TO_WAIT": "60"})
    assert job["ProcessingJobStatus"] == "Stopped"
    assert job["ProcessingEndTime"].timestamp() - job["ProcessingStartTime"].timestamp() < 20


def test_a_job_can_be_stopped(twin, process):
    def stop(name):
        twin.client("sagemaker").stop_processing_job(ProcessingJobName=name)

    assert process(stop, Environment={"SECONDS_TO_WAIT": "60"})["ProcessingJobStatus"] == "Stopped"


def test_what_the_twin_cannot_do_is_refused_by_name(process):
    with pytest.raises(ClientError, match=r"S3DataType ManifestFile \(input raw\)"):
        process(
            ProcessingInputs=[
                {
                    "InputName": "raw",
                    "S3Input": {
                        "S3Uri": "s3://b/manifest",
                        "LocalPath": "/opt/ml/processing/input/raw",
                        "S3DataType": "ManifestFile",
                        "S3InputMode": "File",
                    },
                }
            ]
        )
