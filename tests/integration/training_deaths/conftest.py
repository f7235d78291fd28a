"""A twin whose uploads can be held, the project's own image on it, and small prepared data."""

from pathlib import Path

import pytest
from tests.integration.running import SOURCES, start_twin
from tests.integration.runtime.conftest import execution_role
from tests.integration.training_deaths.moments import Uploads
from tests.unit.model import raw_months

from fairway.delivery.image import publish_sources
from model import prepare

__all__ = ["execution_role"]

ROOT = Path(__file__).parents[3]
HELD = Path(__file__).with_name("held")
BUCKET = "kills-data"
ROUNDS = "600"


@pytest.fixture(scope="session")
def uploads(tmp_path_factory):
    return Uploads(tmp_path_factory.mktemp("held"))


@pytest.fixture(scope="session")
def twin(tmp_path_factory, uploads):
    variables = {
        "FAIRWAY_TWIN_SPEED": "60",
        "PYTHONPATH": f"{HELD}:{SOURCES}",
        "HELD": str(uploads.folder),
    }
    running = start_twin(tmp_path_factory.mktemp("kills") / "twin", variables)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def bucket(twin, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    prepare(raw_months.write(folder / "raw"), folder / "data", {})
    s3 = twin.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for place in ("raw", "data/train", "data/validation"):
        for file in sorted((folder / place).rglob("*.parquet")):
            s3.upload_file(str(file), BUCKET, file.relative_to(folder).as_posix())
    return BUCKET


@pytest.fixture(scope="session")
def repository(twin):
    twin.client("ecr").create_repository(repositoryName="kills")
    return "kills"


@pytest.fixture(scope="session")
def image(twin, repository):
    """The project's own image."""
    url = f"{twin.account}.dkr.ecr.{twin.region}.amazonaws.com/{repository}"
    return publish_sources(ROOT, repository_url=url, ecr=twin.client("ecr"))


@pytest.fixture
def start(twin, bucket, image, unique, execution_role):
    """Start a training whose checkpoints are at `place`; return its name."""

    def begin(place, *, hosts=2, every=10):
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
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": hosts, "VolumeSizeInGB": 1},
            CheckpointConfig={"S3Uri": f"s3://{bucket}/checkpoints/{place}"},
            EnableManagedSpotTraining=True,
            StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 900},
            Environment={
                "FAIRWAY_GIT_SHA": "a" * 40, "FAIRWAY_IMAGE": image, "MODEL_CHECKPOINT_ROUNDS": str(every),
            },
        )  # fmt: skip
        return name

    return begin
