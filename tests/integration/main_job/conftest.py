"""Two checkouts, each provisioned once for all tests that use it.

`rehearsal` is the example as it is, after two demos in a row. `fork` is another project with another model, whose demo
was interrupted, which was updated and destroyed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.integration.main_job.checkout import Checkout, Result, make_checkout
from tests.integration.main_job.fork import DEMO, Fork, live
from tests.integration.main_job.workflow import BUCKET, FEW
from tests.integration.running import free_port

from fairway.delivery import training

SPEED = "40"
"""Makes the eight minutes that SageMaker gives a container for its first ping twelve seconds."""


@dataclass(frozen=True)
class Rehearsal:
    """A checkout in which the demo ran twice in a row."""

    checkout: Checkout
    demos: tuple[Result, Result]
    queue: str

    @property
    def copy(self) -> Checkout:
        return self.checkout.copy


@pytest.fixture(scope="session")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Fork:
    return live(tmp_path_factory.mktemp("fork") / "wine", free_port())


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    checkout = make_checkout(tmp_path_factory.mktemp("rehearsal") / "flights", free_port())
    first = checkout.fairway(*DEMO, FAIRWAY_TWIN_SPEED=SPEED)
    assert first.code == 0, first.err
    queue = listen(checkout)
    second = checkout.fairway(*DEMO)
    yield Rehearsal(checkout, (first, second), queue)
    assert checkout.fairway("down").out == "The twin is down.\n"


@pytest.fixture(scope="session")
def copy(rehearsal: Rehearsal) -> Checkout:
    return rehearsal.copy


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout without a twin; whoever changes it puts it back."""
    return make_checkout(tmp_path_factory.mktemp("bare") / "checkout", free_port())


@pytest.fixture
def told(copy):
    """The input of a run that would end well."""
    release = json.loads((copy.root / "terraform/environments/dev/release.json").read_text())["current"]
    return training.TrainingInput(
        git_sha=release["git_sha"], image=release["image"], raw=f"s3://{BUCKET}/raw/",
        hyperparameters={}, parameters={},
        champion={"version": release["version"], "model_data_url": release["model_data_url"]},
    )  # fmt: skip


@pytest.fixture
def few_months(copy):
    """Three months of raw data in a folder of their own, as a fork's ingestion would bring them."""
    s3 = copy.client("s3")
    for name in FEW:
        s3.copy_object(Bucket=BUCKET, Key=f"raw/few/{name}", CopySource={"Bucket": BUCKET, "Key": f"raw/{name}"})
    yield f"s3://{BUCKET}/raw/few/"
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": f"raw/few/{name}"} for name in FEW]})


def listen(checkout: Checkout) -> str:
    """Send SageMaker's and Step Functions' events to a queue, as anybody's rule would."""
    events, sqs = checkout.client("events"), checkout.client("sqs")
    queue = str(sqs.create_queue(QueueName="events")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventPattern='{"source": ["aws.sagemaker", "aws.states"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])
    return queue
