"""Provisioned concurrency follows its utilization and schedules, and is refused where there is none."""

import threading
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError
from tests.integration.runtime.conftest import wait
from tests.integration.scaling.conftest import activities, settled

DIMENSION = "sagemaker:variant:DesiredProvisionedConcurrency"
UTILIZATION = "SageMakerVariantProvisionedConcurrencyUtilization"


@pytest.fixture
def scaling(twin):
    return twin.client("application-autoscaling")


def scope_of(name):
    return {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": DIMENSION,
        "ResourceId": f"endpoint/{name}/variant/main",
    }


@pytest.fixture
def target(scaling, serverless):
    """Register what an endpoint has provisioned, one environment, between one and three; return what names it."""
    scope = scope_of(serverless(MaxConcurrency=4, ProvisionedConcurrency=1))
    scaling.register_scalable_target(**scope, MinCapacity=1, MaxCapacity=3)
    yield scope
    scaling.deregister_scalable_target(**scope)
    settled(scaling, scope)


def track(scaling, scope, **changes):
    return scaling.put_scaling_policy(
        **scope,
        PolicyName="busy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 0.7,
            "PredefinedMetricSpecification": {"PredefinedMetricType": UTILIZATION},
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 60,
            **changes,
        },
    )


def provisioned(twin, scope, number, seconds=30):
    """Wait until so much is provisioned, and the endpoint is settled."""
    name = scope["ResourceId"].split("/")[1]

    def reached(answer):
        [variant] = answer.get("ProductionVariants", [{}])
        configs = [variant.get(member, {}) for member in ("CurrentServerlessConfig", "DesiredServerlessConfig")]
        counts = {one.get("ProvisionedConcurrency") for one in configs}
        return answer["EndpointStatus"] == "InService" and counts == {number}

    wait(lambda: twin.client("sagemaker").describe_endpoint(EndpointName=name), reached, seconds)


@contextmanager
def load(ask, scope, callers):
    """Let so many callers ask, each one request after the other, until it is left."""
    name, end, failures = scope["ResourceId"].split("/")[1], threading.Event(), []

    def run():
        while not end.is_set():
            try:
                ask(name, "sleep:0.3")
            except ClientError as error:
                failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(callers)]
    for thread in threads:
        thread.start()
    yield
    end.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_what_is_provisioned_follows_its_utilization_and_stays_in_silence(twin, scaling, target, ask):
    made = track(scaling, target)
    names = [alarm["AlarmName"] for alarm in made["Alarms"]]
    alarms = twin.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert {(one["MetricName"], one["Statistic"], one["Threshold"], one["EvaluationPeriods"]) for one in alarms} == {
        ("ServerlessProvisionedConcurrencyUtilization", "Average", 0.7, 3),
        ("ServerlessProvisionedConcurrencyUtilization", "Average", 0.63, 15),
    }
    with load(ask, target, 3):
        provisioned(twin, target, 3)
    with load(ask, target, 1):  # a third of what is provisioned: two would be used by a half
        provisioned(twin, target, 2, seconds=60)
    settled(scaling, target)
    assert {one["Description"] for one in activities(scaling, target)} == {
        f"Setting desired provisioned concurrency to {number}." for number in (2, 3)
    }
    # Where nobody asks there is no utilization, and nothing that could scale in.
    wait(
        lambda: {
            one["AlarmName"]: one["StateValue"]
            for one in twin.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
        },
        lambda states: set(states.values()) == {"INSUFFICIENT_DATA"},
        seconds=60,
    )
    provisioned(twin, target, 2)


def test_bounds_and_schedules_set_what_is_provisioned(twin, scaling, target):
    scaling.register_scalable_target(**target, MinCapacity=2)
    provisioned(twin, target, 2)
    settled(scaling, target)
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="night",
        Schedule="rate(1 minute)",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 1},
    )
    provisioned(twin, target, 1)


def test_more_than_the_maximum_concurrency_is_not_provisioned(scaling, target):
    scaling.register_scalable_target(**target, MinCapacity=5, MaxCapacity=5)
    [*_, failed] = activities(scaling, target)
    assert failed["StatusCode"] == "Failed"
    assert "must be less than or equal to MaxConcurrency 4" in failed["StatusMessage"]


def test_a_target_is_found_by_its_own_dimension_only(scaling, target):
    other = {**target, "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}

    def found(dimension):
        scope = {"ServiceNamespace": "sagemaker", "ScalableDimension": dimension}
        return len(scaling.describe_scalable_targets(**scope)["ScalableTargets"])

    assert (found(DIMENSION), found(other["ScalableDimension"])) == (1, 0)
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.deregister_scalable_target(**other)
    with pytest.raises(ClientError, match="is serverless, and has no instances"):
        scaling.register_scalable_target(**other, MinCapacity=1, MaxCapacity=2)


def test_what_is_refused(scaling, serverless, target):
    with pytest.raises(ClientError, match="has no provisioned concurrency that could be scaled"):
        scaling.register_scalable_target(**scope_of(serverless()), MinCapacity=1, MaxCapacity=1)
    with pytest.raises(ClientError, match="ProvisionedConcurrency is 1 or more"):
        scaling.register_scalable_target(**target, MinCapacity=0)
    with pytest.raises(ClientError, match="ProvisionedConcurrency is 1 or more"):
        scaling.put_scheduled_action(
            **target, ScheduledActionName="off", Schedule="rate(1 hour)", ScalableTargetAction={"MinCapacity": 0}
        )
    with pytest.raises(ClientError, match="does not have the predefined metric"):
        track(
            scaling,
            target,
            PredefinedMetricSpecification={"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        )
