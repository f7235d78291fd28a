"""Training jobs of several hosts, on spot instances, with checkpoints: on a real twin."""

import io
import json
import tarfile
import urllib.error
import urllib.request
from functools import partial

import pytest
from botocore.exceptions import ClientError
from tests.integration.running import start_twin
from tests.integration.runtime.conftest import log_lines, wait
from tests.integration.runtime.hand_made import layer, push
from tests.integration.runtime.test_training import _read

GROUP = "/aws/sagemaker/TrainingJobs"
PROGRAM = """
import json, os, pathlib, signal, socket, sys, time
ml = pathlib.Path(os.environ["FAIRWAY_ML_ROOT"])
parameters = json.loads((ml / "input/config/hyperparameters.json").read_text())
config = json.loads((ml / "input/config/resourceconfig.json").read_text())
me, hosts = config["current_host"], config["hosts"]
read = sorted(str(p.relative_to(ml / "input/data")) for p in (ml / "input/data").rglob("*") if p.is_file())

def meet():
    '''The first host asks each of the others, by its name, what it read.'''
    if me != hosts[0]:
        with socket.create_server((socket.gethostbyname(me), 8888)) as server:
            guest, _ = server.accept()
            guest.sendall(json.dumps(read).encode())
            guest.close()
        return
    told = {me: read}
    for host in hosts[1:]:
        while host not in told:
            try:
                with socket.create_connection((host, 8888)) as connection:
                    told[host] = json.loads(connection.makefile().read())
            except ConnectionRefusedError:
                time.sleep(0.05)
    (ml / "model/told.json").write_text(json.dumps(told, sort_keys=True))

def count():
    '''Count to `to`, from where a checkpoint says.'''
    file = ml / "checkpoints/count"
    number = begun = int(file.read_text()) if file.exists() else 0
    print("begun at", begun, flush=True)
    while number < int(parameters["to"]) or (begun == 0 and parameters.get("first") == "never-ends"):
        number += 1
        file.with_suffix(".new").write_text(str(number))
        file.with_suffix(".new").rename(file)
        time.sleep(0.05)
    (ml / "model/counted.json").write_text(json.dumps({"begun": begun}))

print("host", me, flush=True)
if parameters.get("stubborn"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if parameters.get("fails") == me:
    (ml / "output/failure").write_text("it broke on " + me)
    sys.exit(5)
if "waits" in parameters:
    time.sleep(60)
{"meet": meet, "count": count}[parameters.get("does", "meet")]()
(ml / "model" / (me + ".txt")).write_text(me)
"""


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """A twin whose minutes are seconds: until there are spot instances again, and from SIGTERM to SIGKILL."""
    running = start_twin(tmp_path_factory.mktemp("fast") / "twin", {"FAIRWAY_TWIN_SPEED": "60"})
    yield running
    running.stop()


@pytest.fixture(scope="module")
def image(twin, repository):
    return push(twin, repository, layer({"opt/program/app.py": PROGRAM.encode()}))


def cluster(count):
    return {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1}


def spot(waiting=600):
    limits = {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": waiting}
    return {"EnableManagedSpotTraining": True, "StoppingCondition": limits}


def model_of(twin, job):
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    content = twin.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: _read(tar, member) for member in tar if member.isfile()}


def channel(bucket, name, distribution):
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/raw/", "S3DataDistributionType": distribution}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def test_hosts_reach_each_other_by_name_and_share_the_data(twin, train, bucket):
    channels = [channel(bucket, "shared", "ShardedByS3Key"), channel(bucket, "same", "FullyReplicated")]
    job = train(ResourceConfig=cluster(2), InputDataConfig=channels)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    model = model_of(twin, job)
    assert json.loads(model["told.json"]) == {
        "algo-1": ["same/2013-01.csv", "same/deep/2013-02.csv", "shared/2013-01.csv"],
        "algo-2": ["same/2013-01.csv", "same/deep/2013-02.csv", "shared/deep/2013-02.csv"],
    }
    assert {"algo-1.txt", "algo-2.txt"} <= model.keys(), "what the hosts leave becomes one artifact"
    for host in ("algo-1", "algo-2"):
        assert log_lines(twin, GROUP, f"{job['TrainingJobName']}/{host}-") == [f"host {host}"]


def test_a_host_that_fails_fails_the_job_and_ends_the_others(twin, train):
    job = train(ResourceConfig=cluster(3), HyperParameters={"fails": "algo-2", "waits": "yes"})
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: it broke on algo-2, exit code: 5"
    folders = twin.directory / "training-jobs"
    wait(lambda: {"left": [str(path) for path in folders.iterdir()]}, lambda found: not found["left"])


def interrupt(twin, name):
    request = urllib.request.Request(f"{twin.endpoint}/_fairway/interruptions/{name}", method="POST")  # noqa: S310 -- the twin's own
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- the twin's own
        assert json.load(answer) == {"TrainingJobName": name}


@pytest.mark.parametrize("stubborn", [{}, {"stubborn": "yes"}], ids=["SIGTERM", "SIGKILL"])
def test_interrupted_spot_instances_go_on_from_the_checkpoints(twin, train, bucket, unique, stubborn):
    place = f"checkpoints/{unique('of')}"

    def take_away(name):
        s3 = twin.client("s3")
        listed = partial(s3.list_objects_v2, Bucket=bucket, Prefix=f"{place}/count")
        wait(listed, lambda answer: any(item["Key"].endswith("count") for item in answer.get("Contents", ())))
        interrupt(twin, name)

    job = train(
        take_away,
        ResourceConfig=cluster(1),
        CheckpointConfig={"S3Uri": f"s3://{bucket}/{place}"},
        HyperParameters={"does": "count", "to": "3", "first": "never-ends", **stubborn},
        **spot(),
    )
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]
    begun = json.loads(model_of(twin, job)["counted.json"])["begun"]
    assert begun > 0
    lines = log_lines(twin, GROUP, f"{job['TrainingJobName']}/algo-1-")
    assert [line for line in lines if "begun" in line] == ["begun at 0", f"begun at {begun}"]
    assert job["BillableTimeInSeconds"] <= job["TrainingTimeInSeconds"]


def test_a_spot_training_that_waits_too_long_is_stopped(twin, train):
    job = train(
        partial(interrupt, twin),
        HyperParameters={"waits": "yes"},
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1},
    )
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


def test_what_does_not_train_on_spot_instances_is_not_interrupted(twin):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        interrupt(twin, "nobody")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds. It must be present and be greater"),
        ({"StoppingCondition": {"MaxWaitTimeInSeconds": 90}}, "It must be present only for managed spot training"),
        ({"ResourceConfig": cluster(9)}, r"training on more than 8 instances \(ResourceConfig.InstanceCount\)"),
    ],
)
def test_what_cannot_be_is_refused(train, members, said):
    with pytest.raises(ClientError, match=said):
        train(**members)
