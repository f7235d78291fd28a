"""Training jobs on a real twin: what ends well, and the sentence of each way to fail."""

import io
import json
import tarfile
from pathlib import Path

import pytest
from tests.integration.runtime.conftest import log_lines, wait
from tests.integration.runtime.hand_made import layer, push

GROUP = "/aws/sagemaker/TrainingJobs"


def _read(tar, member):
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def in_archive(twin, bucket, key):
    content = twin.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: _read(tar, member) for member in tar if member.isfile()}


def test_a_job_trains_and_tells_everything(twin, train, bucket):
    job = train(HyperParameters={"depth": "3"}, Environment={"FAIRWAY_GIT_SHA": "abc"})
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert all(step["EndTime"] >= step["StartTime"] for step in job["SecondaryStatusTransitions"])
    assert job["TrainingTimeInSeconds"] >= 1
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("validation:auc", 0.75)]

    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{bucket}/models/{name}/output/model.tar.gz"
    model = in_archive(twin, bucket, f"models/{name}/output/model.tar.gz")
    assert json.loads(model["read.json"]) == {
        "input/data/train/2013-01.csv": "one",
        "input/data/train/deep/2013-02.csv": "two",
    }
    output = in_archive(twin, bucket, f"models/{name}/output/output.tar.gz")
    config = json.loads(output["config.json"])
    assert config["hyperparameters.json"] == {"depth": "3"}
    assert config["inputdataconfig.json"] == {
        "train": {
            "ContentType": "text/csv",
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
    }
    assert config["resourceconfig.json"]["hosts"] == ["algo-1"]

    environment = json.loads(output["environment.json"])
    assert environment["TRAINING_JOB_NAME"] == name
    assert environment["FAIRWAY_GIT_SHA"] == "abc"
    assert environment["COLOUR"] == "blue"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert environment["TMPDIR"].startswith(str(twin.directory))
    assert set(environment) <= {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "COLOUR",
        "FAIRWAY_GIT_SHA",
        "FAIRWAY_ML_ROOT",
        "HOME",
        "PATH",
        "PYTHONPATH",
        "TMPDIR",
        "TRAINING_JOB_ARN",
        "TRAINING_JOB_NAME",
        "LC_CTYPE",
    }
    assert log_lines(twin, GROUP, f"{name}/algo-1-") == ["begin", "validation:auc=0.50;", "validation:auc=0.75;"]

    points = twin.client("cloudwatch").get_metric_statistics(
        Namespace=GROUP,
        MetricName="validation:auc",
        Dimensions=[{"Name": "TrainingJobName", "Value": name}],
        StartTime=job["CreationTime"],
        EndTime=job["TrainingEndTime"].replace(year=2100),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert [point["Maximum"] for point in points] == [0.75]
    folders = twin.directory / "training-jobs"
    wait(lambda: {"left": [str(path) for path in folders.iterdir()]}, lambda found: not found["left"])


def test_the_same_job_twice_makes_the_same_artifact(twin, train, bucket):
    archives = [
        twin.client("s3")
        .get_object(Bucket=bucket, Key=f"models/{train()['TrainingJobName']}/output/model.tar.gz")["Body"]
        .read()
        for _ in range(2)
    ]
    assert archives[0] == archives[1]


def test_training_code_that_fails_gives_its_reason(train):
    job = train(HyperParameters={"fails": "train/a.csv: column dep_time is missing"})
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: train/a.csv: column dep_time is missing, exit code: 3"
    assert "ModelArtifacts" not in job or not job["ModelArtifacts"].get("S3ModelArtifacts")


def test_a_job_that_overruns_is_stopped_and_keeps_what_it_has(twin, train, bucket):
    job = train(seconds=1, HyperParameters={"seconds": "60", "ends": "on-sigterm"})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]][-3:] == [
        "Stopping",
        "Uploading",
        "MaxRuntimeExceeded",
    ]
    assert in_archive(twin, bucket, f"models/{job['TrainingJobName']}/output/model.tar.gz") == {"half.txt": b"so far"}


def test_a_job_that_is_stopped_keeps_what_it_has(twin, train, bucket):
    def stop(name):
        wait(lambda: {"lines": log_lines(twin, GROUP, f"{name}/")}, lambda log: "begin" in log["lines"])
        twin.client("sagemaker").stop_training_job(TrainingJobName=name)

    job = train(stop, HyperParameters={"seconds": "60", "ends": "on-sigterm"})
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert in_archive(twin, bucket, f"models/{job['TrainingJobName']}/output/model.tar.gz")


def test_missing_data_fails_with_the_place(train, bucket):
    job = train(data="nowhere/")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        f'ClientError: No S3 objects found under S3 URL "s3://{bucket}/nowhere/" given in input data source.'
    )


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("bucket", "ClientError: No S3 objects found under S3 URL"),
        ("objects", "ClientError: Data download failed:Unable to download object s3://"),
        (
            "image",
            "ClientError: Cannot pull algorithm container. Either the image does not exist or its permissions are",
        ),
    ],
)
def test_a_role_without_a_permission_fails_the_job(train, without, said):
    job = train(without=without)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(said)


def test_a_role_without_logs_loses_them_and_the_job_runs(twin, train):
    job = train(without="logs")
    assert job["TrainingJobStatus"] == "Completed"
    assert log_lines(twin, GROUP, f"{job['TrainingJobName']}/") == []


def test_an_image_whose_program_is_missing_says_so(twin, train, repository):
    uri = push(twin, repository, layer({"etc/hostname": b"x"}), entrypoint=("/usr/bin/java", "-jar", "a.jar"))
    job = train(AlgorithmSpecification={"TrainingImage": uri, "TrainingInputMode": "File"})
    assert job["FailureReason"] == (
        f"ClientError: image {uri} cannot be started: its program '/usr/bin/java' is neither in the image nor in its "
        "Python environment"
    )


def test_an_image_that_does_not_exist_says_so(train, image):
    uri = image[:-4] + "0000"
    job = train(AlgorithmSpecification={"TrainingImage": uri, "TrainingInputMode": "File"})
    assert (
        job["FailureReason"]
        == f"ClientError: manifest for {uri} not found: manifest unknown: Requested image not found"
    )


def test_a_later_layer_wins_and_may_delete(twin, train, repository):
    uri = push(
        twin,
        repository,
        layer({"opt/program/gone.py": b"", "opt/program/main.py": b"raise SystemExit(7)"}),
        layer(
            {
                "opt/program/.wh.gone.py": b"",
                "opt/program/main.py": b"import importlib.util, sys\n"
                b"sys.exit(9 if importlib.util.find_spec('gone') else 0)",
            }
        ),
        entrypoint=("python", "-m", "main"),
    )
    assert (
        train(AlgorithmSpecification={"TrainingImage": uri, "TrainingInputMode": "File"})["TrainingJobStatus"]
        == "Completed"
    )


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="only Linux tells what a process has")
def test_a_job_that_takes_more_memory_than_its_instance_has_fails(train):
    resources = {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}
    job = train(HyperParameters={"takes_gb": "5"}, ResourceConfig=resources)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Please use an instance type with more memory")
