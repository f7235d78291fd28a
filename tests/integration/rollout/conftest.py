"""A twin whose clock runs sixty times as fast, and endpoints under load that are rolled over."""

import pytest
from tests.integration.running import start_twin
from tests.integration.runtime.conftest import (
    bucket,
    config,
    endpoint,
    execution_role,
    heard,
    image,
    model,
    repository,
    wait,
)

__all__ = ["bucket", "config", "endpoint", "execution_role", "heard", "image", "model", "repository"]

SPEED = 60.0
# Seconds of AWS's time, as they are set and shown.
BAKE, PERIOD = 90, 30
VARIANT = "main"


@pytest.fixture(scope="session")
def twin(tmp_path_factory):
    running = start_twin(tmp_path_factory.mktemp("rollout") / "twin", {"FAIRWAY_TWIN_SPEED": str(SPEED)})
    yield running
    running.process.kill()
    running.process.wait()
    wait(lambda: {"left": running.processes()}, lambda found: not found["left"], seconds=10)


def dimensions(endpoint_name):
    return [{"Name": "EndpointName", "Value": endpoint_name}, {"Name": "VariantName", "Value": VARIANT}]


@pytest.fixture
def alarms(twin):
    """Make the alarms of an endpoint, on the rate of 5XX errors and on latency; return their names."""
    cloudwatch = twin.client("cloudwatch")
    made: list[str] = []

    def metric(endpoint_name, name):
        return {
            "Id": name.lower(),
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": name,
                    "Dimensions": dimensions(endpoint_name),
                },
                "Period": PERIOD,
                "Stat": "Sum",
            },
        }

    def make(endpoint_name):
        common = {
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        }
        cloudwatch.put_metric_alarm(
            AlarmName=f"{endpoint_name}-errors",
            Threshold=5,
            Metrics=[
                {"Id": "rate", "Expression": "100 * invocation5xxerrors / invocations", "ReturnData": True},
                metric(endpoint_name, "Invocation5XXErrors"),
                metric(endpoint_name, "Invocations"),
            ],
            **common,
        )
        cloudwatch.put_metric_alarm(
            AlarmName=f"{endpoint_name}-latency",
            Namespace="AWS/SageMaker",
            MetricName="ModelLatency",
            Dimensions=dimensions(endpoint_name),
            ExtendedStatistic="p99",
            Period=PERIOD,
            Threshold=350_000,  # microseconds; a slow release takes 500,000, a good one 50,000
            **common,
        )
        made.extend(f"{endpoint_name}-{kind}" for kind in ("errors", "latency"))
        return made[-2:]

    yield make
    cloudwatch.delete_alarms(AlarmNames=made)


@pytest.fixture
def ring(twin):
    """Let an alarm ring, and go on ringing, whatever it was about: it is put on a metric that has no data."""
    cloudwatch = twin.client("cloudwatch")

    def ring(name):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="N",
            MetricName="M",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="breaching",
        )
        wait(
            lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0],
            lambda alarm: alarm["StateValue"] == "ALARM",
        )

    return ring
