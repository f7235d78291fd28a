"""The example, trained and released on a twin of its own, and an endpoint of it in each mode."""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.container.conftest import REPOSITORY, prepared, raw, trained
from tests.integration.modes.month.formats import MEGABYTE, Numbers
from tests.integration.running import RunningTwin, start_twin
from tests.integration.runtime.conftest import SETTLED, statements, wait

from fairway.delivery.image import publish_image, publish_sources
from fairway.rehearsal import script_image
from model.artifact import Artifact
from model.flights import SCHEMA
from model.small_batches import FEW_ROWS

__all__ = ["prepared", "raw", "trained"]

BUCKET, REPOSITORY_NAME = "month", "flights"
SPEED = 10
"""Leaves a container three quarters of a minute for its first ping, of the eight that it has on AWS."""
PATIENCE = 300.0


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTwin]:
    running = start_twin(tmp_path_factory.mktemp("month") / "twin", {"FAIRWAY_TWIN_SPEED": str(SPEED)})
    yield running
    assert running.stop() == 0
    assert running.processes() == []


@dataclass(frozen=True)
class Month:
    """The test month as Arrow has it, without the label, and what the artifact predicts in process by each backend."""

    rows: pa.Table
    predicted: dict[str, Numbers]


@pytest.fixture(scope="session")
def month(prepared, trained):
    rows = pq.read_table(prepared.processing_output("data") / "test").drop_columns(["late"])
    artifact = Artifact.load(trained.model, threads=1)
    assert artifact.small is not None
    features = artifact.encoder.encode(SCHEMA.parse(rows.to_pydict()))
    few = [features[start : start + FEW_ROWS] for start in range(0, len(features), FEW_ROWS)]
    predicted = {
        "XGBoost": np.asarray(artifact.booster.inplace_predict(features, validate_features=False), dtype=np.float64),
        "ONNX Runtime": np.concatenate([artifact.small.score(rows) for rows in few]),
    }
    return Month(rows, predicted)


@pytest.fixture(scope="session")
def model(twin, trained, tmp_path_factory):
    """Make a model of the artifact and the real image, or in script mode; `max_body_mb` is what its container takes."""
    archive = tmp_path_factory.mktemp("archive") / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(trained.model, ".")
    s3, ecr, iam = twin.client("s3"), twin.client("ecr"), twin.client("iam")
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(archive), BUCKET, "model.tar.gz")
    url = ecr.create_repository(repositoryName=REPOSITORY_NAME)["repository"]["repositoryUri"]
    own = publish_sources(REPOSITORY, repository_url=url, ecr=ecr)
    managed = publish_image(script_image.build(REPOSITORY), repository_url=url, ecr=ecr)
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="month", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allowed = [{"Effect": "Allow", **statement} for statement in statements(BUCKET, REPOSITORY_NAME)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_role_policy(RoleName="month", PolicyName="all", PolicyDocument=policy)

    @cache
    def make(max_body_mb, *, script):
        name = f"{'script' if script else 'own'}-{max_body_mb}"
        twin.client("sagemaker").create_model(
            ModelName=name,
            ExecutionRoleArn=role,
            PrimaryContainer={
                "Image": managed if script else own,
                "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
                "Environment": SCRIPT if script else {"FAIRWAY_MAX_BODY_MB": str(max_body_mb)},
            },
        )
        return name

    return make


SCRIPT = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
"""As the module model-endpoint sets them."""
SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 3072, "MaxConcurrency": 1}}
INSTANCE = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
ANSWERS = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/answers/"}}}
SETTINGS: dict[str, tuple[int, dict[str, Any], dict[str, Any]]] = {
    "real-time": (6, INSTANCE, {}),
    "script-mode": (6, INSTANCE, {}),
    "serverless": (4, SERVERLESS, {}),
    "asynchronous": (100, INSTANCE, ANSWERS),
}
"""By the mode: how many megabytes a request has at most, its variant and what else its configuration has."""
LIMITS = {mode: megabytes * MEGABYTE for mode, (megabytes, _, _) in SETTINGS.items()}


@pytest.fixture(scope="session")
def endpoint(twin, model):
    """Return the endpoint of a mode, which is made when it is first asked for, and in service."""

    @cache
    def make(mode):
        megabytes, variant, more = SETTINGS[mode]
        sagemaker, name = twin.client("sagemaker"), model(megabytes, script=mode == "script-mode")
        sagemaker.create_endpoint_config(
            EndpointConfigName=mode,
            ProductionVariants=[{"VariantName": "current", "ModelName": name, **variant}],
            **more,
        )
        sagemaker.create_endpoint(EndpointName=mode, EndpointConfigName=mode)
        described = wait(
            lambda: sagemaker.describe_endpoint(EndpointName=mode),
            lambda found: found["EndpointStatus"] in SETTLED,
            PATIENCE,
        )
        assert described["EndpointStatus"] == "InService", described
        return mode

    return make
