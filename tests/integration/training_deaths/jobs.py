"""Trainings that are watched while they run, and what they leave."""

import hashlib
import io
import json
import os
import signal
import tarfile
from contextlib import suppress
from pathlib import Path

from tests.integration.runtime.conftest import log_lines, wait

GROUP = "/aws/sagemaker/TrainingJobs"


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


def kill(processes):
    """Kill processes without notice."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
