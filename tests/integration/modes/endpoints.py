"""Models of a program that does what its requests say, and configurations with one variant."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.modes.server import FILES
from tests.integration.running import RunningTwin
from tests.integration.runtime.hand_made import layer, push


@pytest.fixture(scope="module")
def image(twin: RunningTwin, repository: str) -> str:
    return push(twin, repository, layer(FILES))


@pytest.fixture
def model(twin, unique, image, bucket, execution_role):
    """Make a model that answers `a` or `b`; return its name."""

    def make(answer="a", *, role=None, environment=None, **members):
        name = unique("model")
        container = {"Image": image, "ModelDataUrl": f"s3://{bucket}/models/{answer}.tar.gz"}
        twin.client("sagemaker").create_model(
            ModelName=name,
            ExecutionRoleArn=role or execution_role(),
            PrimaryContainer={**container, "Environment": environment or {}},
            **members,
        )
        return name

    return make


@pytest.fixture
def config(twin, unique):
    """Make an endpoint configuration with one variant, `main`, of these members; return its name."""

    def make(model_name, *, more=None, **variant):
        name = unique("config")
        real_time = {} if "ServerlessConfig" in variant else {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        twin.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[{"VariantName": "main", "ModelName": model_name, **real_time, **variant}],
            **(more or {}),
        )
        return name

    return make


def metric(twin, name, statistic, *, until=lambda _: True, namespace="AWS/SageMaker", seconds=15, **dimensions):
    """Return a statistic of a metric over the last hour, and its unit, once there is any of which `until` holds."""
    cloudwatch = twin.client("cloudwatch")
    deadline = time.monotonic() + seconds
    while True:
        now = datetime.now(UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=3600 * 24,
            Statistics=[statistic],
        )["Datapoints"]
        if points and until(points[0][statistic]):
            return points[0][statistic], points[0]["Unit"]
        assert time.monotonic() < deadline, f"{name} {dimensions}: {points}"
        time.sleep(0.1)
