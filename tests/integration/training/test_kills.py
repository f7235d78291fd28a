"""Trainings of two hosts on spot instances, killed at seeded moments: each ends right, and no half of one is kept."""

import hashlib
import io
import json
import os
import random
import signal
import sys
import tarfile
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from tests.integration.running import start_twin
from tests.integration.runtime.conftest import log_lines, wait

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform != "linux", reason="hosts need loopback addresses")]
ROUNDS = "600"
# What dies: a host, the tracker's host, everything without notice, or the instances with AWS's notice.
GROUP = "/aws/sagemaker/TrainingJobs"
DEATHS = ("algo-2", "algo-1", "both", "spot")


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    running = start_twin(tmp_path_factory.mktemp("kills") / "twin", {"FAIRWAY_TWIN_SPEED": "60"})
    yield running
    running.stop()


@pytest.fixture
def start(twin, bucket, image, unique, execution_role):
    """Start a training whose checkpoints are at `place`; return its name."""

    def begin(place):
        name = unique("kill")
        channels = [
            {
                "ChannelName": split,
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{bucket}/data/{split}/",
                        "S3DataDistributionType": "ShardedByS3Key" if split == "train" else "FullyReplicated",
                    }
                },
            }
            for split in ("train", "validation")
        ]
        twin.client("sagemaker").create_training_job(
            TrainingJobName=name,
            RoleArn=execution_role(),
            AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
            HyperParameters={"num_boost_round": ROUNDS, "early_stopping_rounds": ROUNDS},
            InputDataConfig=channels,
            OutputDataConfig={"S3OutputPath": f"s3://{bucket}/models"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
            CheckpointConfig={"S3Uri": f"s3://{bucket}/checkpoints/{place}"},
            EnableManagedSpotTraining=True,
            StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 900},
            Environment={
                "FAIRWAY_GIT_SHA": "a" * 40, "FAIRWAY_IMAGE": image, "MODEL_CHECKPOINT_ROUNDS": "10",
            },
        )  # fmt: skip
        return name

    return begin


def describe(twin, name):
    return twin.client("sagemaker").describe_training_job(TrainingJobName=name)


def ended(twin, name):
    return wait(
        lambda: describe(twin, name),
        lambda job: job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"),
        seconds=240,
    )


def hosts_of(name):
    """The processes of a job's hosts, by their names."""
    found = {}
    for process in Path("/proc").iterdir():
        try:
            environ = (process / "environ").read_bytes().decode(errors="replace").split("\0")
        except (OSError, NotADirectoryError):
            continue
        told = dict(each.partition("=")[::2] for each in environ)
        if told.get("TRAINING_JOB_NAME") == name and "HOME" in told:
            found[Path(told["HOME"]).parent.name] = int(process.name)
    return found


def rounds_of(twin, name):
    """The last round that the job told, and whether it went on from a checkpoint."""
    said = [json.loads(line) for line in log_lines(twin, GROUP, f"{name}/algo-1-") if line.startswith('{"event"')]
    return {"last": max((each["round"] for each in said), default=0), "events": {each["event"] for each in said}}


def kill(twin, name, what, after):
    """Let `what` die once the job has told of round `after`."""
    wait(lambda: rounds_of(twin, name), lambda told: told["last"] >= after, seconds=120)
    if what == "spot":
        request = urllib.request.Request(f"{twin.endpoint}/_fairway/interruptions/{name}", method="POST")  # noqa: S310 -- the twin's own
        # Where it does not train at that moment there is nothing to take away: 404.
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 -- the twin's own
        return
    for host, process in hosts_of(name).items():
        if what in (host, "both"):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue


def read(tar, member):
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def trees(twin, job):
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    content = twin.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = {member.name: read(tar, member) for member in tar if member.isfile()}
    assert {"model.ubj", "model.json", "lineage.json", "quality.json", "training.json"} <= files.keys()
    return {name: hashlib.sha256(files[name]).hexdigest() for name in ("model.ubj", "model.json", "training.json")}


def test_ten_seeded_kills_end_with_the_bytes_of_a_training_that_lived(twin, start):
    lived = ended(twin, start("alive"))
    assert lived["TrainingJobStatus"] == "Completed", lived.get("FailureReason")
    alive = trees(twin, lived)
    chance = random.Random(6)  # noqa: S311 -- to be the same every time
    resumed = 0
    for number in range(10):
        what, place = DEATHS[number % len(DEATHS)], f"kill-{number}"
        after = chance.randrange(1, 300)
        name = start(place)
        kill(twin, name, what, after)
        job = ended(twin, name)
        resumed += "resumed" in rounds_of(twin, name)["events"]
        if job["TrainingJobStatus"] == "Failed":
            assert job["FailureReason"].startswith("AlgorithmError: "), job["FailureReason"]
            assert not job.get("ModelArtifacts", {}).get("S3ModelArtifacts"), "a failed job leaves no artifact"
            again = start(place)
            job = ended(twin, again)
            resumed += "resumed" in rounds_of(twin, again)["events"]
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        assert trees(twin, job) == alive, f"{what} died after round {after}"
    assert resumed >= 5, "most deaths come after a checkpoint and before the end"
