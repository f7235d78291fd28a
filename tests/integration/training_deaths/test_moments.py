"""Trainings killed while they write or upload: what is there is whole, and the next start ends with the same bytes."""

import hashlib
import json
import sys
from functools import partial

import pytest
from tests.integration.runtime.conftest import wait
from tests.integration.training_deaths.jobs import describe, ended, hosts_of, kill, rounds_of, trees
from tests.integration.training_deaths.moments import writing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc")
# The first checkpoint, of 50 rounds, is the odd one; one has some sixty kilobytes.
EVERY = 50
ODD, EVEN = "odd.checkpoint", "even.checkpoint"


@pytest.fixture(scope="session")
def alive():
    """The hashes of a training that nobody kills, kept by whoever trained first."""
    return {}


@pytest.fixture
def begin(start):
    return lambda place: start(place, hosts=1, every=EVERY)


@pytest.fixture
def lived(twin, begin, alive):
    """What a training leaves that nobody kills."""
    if not alive:
        job = ended(twin, begin("alive"))
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        alive.update(trees(twin, job))
    return alive


def kept(twin, bucket, place):
    """The checkpoints that S3 has, by name."""
    s3 = twin.client("s3")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"checkpoints/{place}/").get("Contents", [])
    bodies = {item["Key"]: s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed}
    return {key.rpartition("/")[2]: body for key, body in bodies.items()}


def is_whole(checkpoint):
    header, _, content = checkpoint.partition(b"\n")
    return bool(json.loads(header)["sha256"] == hashlib.sha256(content).hexdigest())


def checkpoint_of(twin, name, place):
    folder = twin.directory / "training-jobs" / f"{twin.account}-{twin.region}-{name}"
    return folder / "algo-1/ml/checkpoints" / place


def die_writing_the_second(twin, bucket, name, place):
    """Kill a job while it writes its second checkpoint, when S3 has the first one; return its reason."""
    with writing(checkpoint_of(twin, name, EVEN)):
        wait(partial(kept, twin, bucket, place), bool, seconds=120)
        kill(hosts_of(name).values())
        return failed(twin, name)


def failed(twin, name):
    """The reason of a job that failed, of which there is no artifact."""
    job = ended(twin, name)
    assert job["TrainingJobStatus"] == "Failed"
    assert not job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    assert artifacts(twin, name) == []
    return job["FailureReason"]


def artifacts(twin, name):
    """What S3 shows of a job's artifact, or of one that is being uploaded."""
    s3, place = twin.client("s3"), {"Bucket": "kills-data", "Prefix": f"models/{name}/output/model"}
    found = s3.list_objects_v2(**place).get("Contents", [])
    return [each["Key"] for each in (*found, *s3.list_multipart_uploads(**place).get("Uploads", []))]


def resumes(twin, name, lived):
    """Whether a job goes on from a checkpoint and leaves what one leaves that lived."""
    job = ended(twin, name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert trees(twin, job) == lived
    return "resumed" in rounds_of(twin, name)["events"]


def test_killed_while_it_writes_a_checkpoint(twin, begin, bucket, lived):
    reason = die_writing_the_second(twin, bucket, begin("writing"), "writing")
    assert reason == "AlgorithmError: , exit code: 137"
    found = kept(twin, bucket, "writing")
    assert set(found) == {ODD}
    assert is_whole(found[ODD])
    assert resumes(twin, begin("writing"), lived)


@pytest.mark.long
def test_killed_while_a_checkpoint_is_uploaded(twin, begin, bucket, uploads, lived):
    die_writing_the_second(twin, bucket, begin("copying"), "copying")
    before = kept(twin, bucket, "copying")
    name, place = begin("copying"), f"/{bucket}/checkpoints/copying/{EVEN}"
    with uploads.cut(place):
        # It writes the third one, and so lives, while the second one is uploaded.
        with writing(checkpoint_of(twin, name, ODD)):
            uploads.half()
            assert kept(twin, bucket, "copying") == before, "half of a file is no file"
            kill(hosts_of(name).values())
        uploads.lose()
        assert f"Data upload failed:Unable to upload object s3:/{place}" in failed(twin, name)
    assert kept(twin, bucket, "copying") == before
    assert resumes(twin, begin("copying"), lived)


@pytest.mark.long
def test_cut_off_while_its_artifact_is_uploaded(twin, begin, bucket, uploads, lived):
    name = begin("artifact")
    place = f"/{bucket}/models/{name}/output/model.tar.gz"
    with uploads.cut(place):
        uploads.half()
        assert describe(twin, name)["SecondaryStatus"] == "Uploading"
        assert "ModelArtifacts" not in describe(twin, name)
        assert artifacts(twin, name) == [], "half of an artifact is none"
        uploads.lose()
        assert f"Data upload failed:Unable to upload object s3:/{place}" in failed(twin, name)
    assert resumes(twin, begin("artifact"), lived)
