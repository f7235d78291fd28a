"""Numbers of instances change: by a tracked metric, by steps, by schedules, and never past the bounds."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.runtime.conftest import gone
from tests.integration.scaling.conftest import SCOPE, Load, activities, instances, settled, wait_for


def track(scaling, scope, target_value=5.0, **members):
    return scaling.put_scaling_policy(
        **scope,
        PolicyName="busy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target_value,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 60,
            **members,
        },
    )


def test_a_load_scales_out_to_the_maximum_and_its_end_back_to_the_minimum(twin, scaling, served, target):
    made = track(scaling, target)
    alarms = twin.client("cloudwatch").describe_alarms(AlarmNames=[alarm["AlarmName"] for alarm in made["Alarms"]])
    assert {
        (alarm["ComparisonOperator"], alarm["Threshold"], alarm["EvaluationPeriods"], alarm["Period"])
        for alarm in alarms["MetricAlarms"]
    } == {("GreaterThanThreshold", 5.0, 3, 60), ("LessThanThreshold", 4.5, 15, 60)}

    with Load(twin, served, rate=25) as load:  # 25 in a second, which is a minute here: five instances, were there five
        wait_for(twin, served, 3)
    assert load.failures == []
    settled(scaling, target)
    # A person may set more than the maximum; what scales in then goes to what the metric asks for, within the bounds.
    set_count(twin, served, 4)
    # Without traffic the metric is 0, as SageMaker emits it: it scales in after fifteen minutes of that, not before.
    wait_for(twin, served, 1, 40)
    settled(scaling, target)

    done = activities(scaling, target)
    assert {one["StatusCode"] for one in done} == {"Successful"}
    out, back = done[0], done[-1]
    assert back["Description"] == "Setting desired instance count to 1."
    assert "-AlarmHigh-" in out["Cause"]
    assert "-AlarmLow-" in back["Cause"]
    assert out["Cause"].endswith("in state ALARM triggered policy busy")
    counts = [int(one["Description"].split()[-1].rstrip(".")) for one in done]
    assert max(counts) == 3

    scaling.delete_scaling_policy(**target, PolicyName="busy")
    assert twin.client("cloudwatch").describe_alarms(AlarmNamePrefix="TargetTracking-")["MetricAlarms"] == []


def test_steps_act_on_an_alarm_by_the_size_of_its_breach(twin, scaling, served, target, unique):
    arn = scaling.put_scaling_policy(
        **target,
        PolicyName="steps",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "Cooldown": 600,
            "StepAdjustments": [
                {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
                {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
            ],
        },
    )["PolicyARN"]
    cloudwatch, alarm = twin.client("cloudwatch"), unique("waiting")
    cloudwatch.put_metric_alarm(
        AlarmName=alarm, Namespace=alarm, MetricName="Waiting", Statistic="Maximum", Period=60, EvaluationPeriods=1,
        Threshold=50, ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[arn],
    )  # fmt: skip
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [one["AlarmName"] for one in policy["Alarms"]] == [alarm]

    put_until(twin, alarm, 55, lambda: instances(twin, served) == (2, 2))
    settled(scaling, target)
    # The cooldown runs: the same step does nothing more, a larger one what it adds beyond.
    put_until(
        twin, alarm, 55, lambda: "NotScaledReasons" in activities(scaling, target, IncludeNotScaledActivities=True)[-1]
    )
    assert instances(twin, served) == (2, 2)
    put_until(twin, alarm, 60, lambda: instances(twin, served) == (3, 3))
    settled(scaling, target)
    assert [one["Description"] for one in activities(scaling, target)] == [
        "Setting desired instance count to 2.",
        "Setting desired instance count to 3.",
    ]
    put_until(
        twin,
        alarm,
        60,
        lambda: (
            activities(scaling, target, IncludeNotScaledActivities=True)[-1].get("NotScaledReasons")
            == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3}]
        ),
    )
    cloudwatch.delete_alarms(AlarmNames=[alarm])


def put_until(twin, name, value, reached, seconds=15):
    """Put a metric again and again until something is reached."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        twin.client("cloudwatch").put_metric_data(
            Namespace=name, MetricData=[{"MetricName": "Waiting", "Value": value}]
        )
        time.sleep(0.2)


def test_a_scheduled_action_sets_bounds_and_brings_the_count_within_them(twin, scaling, served, target):
    moment = datetime.now(UTC) + timedelta(seconds=2)
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="soon",
        Schedule=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 2},
    )
    wait_for(twin, served, 2)
    [registered] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (registered["MinCapacity"], registered["MaxCapacity"]) == (2, 3)
    settled(scaling, target)
    assert [(one["Description"], one["Cause"]) for one in activities(scaling, target)] == [
        ("Setting min capacity to 2", "scheduled action name soon was triggered"),
        ("Setting desired instance count to 2.", "minimum capacity was set to 2"),
    ]

    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="always",
        Schedule="rate(1 minute)",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 1},
    )
    wait_for(twin, served, 1)


def test_registering_brings_the_count_within_the_bounds(twin, scaling, served, target):
    scaling.register_scalable_target(**target, MinCapacity=2)
    wait_for(twin, served, 2)
    settled(scaling, target)
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=1)
    wait_for(twin, served, 1)


def set_count(twin, name, number):
    twin.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": number}]
    )
    wait_for(twin, name, number)


def test_a_count_that_a_person_sets_past_the_maximum_stays_until_something_scales(twin, scaling, served, target):
    set_count(twin, served, 4)
    scaling.register_scalable_target(**target, MinCapacity=2)
    wait_for(twin, served, 3)


def test_what_is_suspended_does_not_scale(twin, scaling, served, target):
    scaling.register_scalable_target(**target, SuspendedState={"ScheduledScalingSuspended": True})
    scaling.put_scheduled_action(
        **target, ScheduledActionName="always", Schedule="rate(1 minute)", ScalableTargetAction={"MinCapacity": 2}
    )
    time.sleep(2.5)
    assert instances(twin, served) == (1, 1)
    [registered] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert registered["SuspendedState"] == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ServiceNamespace": "ecs"}, "does not have Application Auto Scaling of 'ecs'"),
        ({"ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}, "has no provisioned concurrency"),
        ({"ScalableDimension": "sagemaker:inference-component:DesiredCopyCount"}, "DesiredCopyCount"),
        ({"ResourceId": "endpoint/nothing/variant/main"}, "Could not find endpoint"),
        ({"ResourceId": "service/a/b"}, "is not endpoint/<name>/variant/<name>"),
        ({"MinCapacity": 4}, "Maximum capacity cannot be less than minimum capacity"),
        ({"MinCapacity": 0}, "MinCapacity 0 needs an asynchronous endpoint"),
    ],
)
def test_targets_that_are_refused(scaling, served, changes, said):
    scope = {**SCOPE, "ResourceId": f"endpoint/{served}/variant/main", "MinCapacity": 1, "MaxCapacity": 3}
    with pytest.raises(ClientError, match="ValidationException") as caught:
        scaling.register_scalable_target(**{**scope, **changes})
    assert said in str(caught.value)


def test_policies_that_are_refused(scaling, target):
    refused: dict[str, dict[str, Any]] = {
        "does not have the predefined metric": {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
        },
        "does not have metric math": {
            "CustomizedMetricSpecification": {"Metrics": [{"Id": "m", "Expression": "1 + 1"}]}
        },
    }
    for said, members in refused.items():
        configuration = {"TargetValue": 5.0, **members}
        with pytest.raises(ClientError, match=said):
            scaling.put_scaling_policy(
                **target,
                PolicyName="busy",
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration=configuration,
            )
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        track(scaling, {**target, "ResourceId": "endpoint/other/variant/main"})
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.delete_scaling_policy(**target, PolicyName="busy")


SCALING = {"Action": "application-autoscaling:*", "Resource": "*"}
USED = [
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:DeleteAlarms",
]


def test_who_registers_needs_the_permissions_that_scaling_uses(twin, served, as_role):
    scope = {**SCOPE, "ResourceId": f"endpoint/{served}/variant/main", "MinCapacity": 1, "MaxCapacity": 3}
    for missing in USED:
        rest = {"Action": [action for action in USED if action != missing], "Resource": "*"}
        client = twin.client("application-autoscaling", as_role(SCALING, rest))
        with pytest.raises(
            ClientError, match=f"ValidationException.*User is missing the following permissions: {missing}$"
        ):
            client.register_scalable_target(**scope)
    nothing = twin.client("application-autoscaling", as_role())
    with pytest.raises(ClientError, match="AccessDenied"):
        nothing.register_scalable_target(**scope)


def test_a_policy_may_be_about_one_namespace_and_one_target(twin, scaling, target, as_role):
    allowed = {
        "Action": "application-autoscaling:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
    }
    assert twin.client("application-autoscaling", as_role(allowed)).describe_scaling_policies(
        ServiceNamespace="sagemaker"
    )
    elsewhere = json.loads(json.dumps(allowed).replace('"sagemaker"', '"ecs"'))
    with pytest.raises(ClientError, match="AccessDenied"):
        twin.client("application-autoscaling", as_role(elsewhere)).describe_scaling_policies(
            ServiceNamespace="sagemaker"
        )
    [registered] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    one = {"Action": "application-autoscaling:DeregisterScalableTarget", "Resource": registered["ScalableTargetARN"]}
    twin.client("application-autoscaling", as_role(one)).deregister_scalable_target(**target)
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.deregister_scalable_target(**target)


@pytest.mark.usefixtures("target")
def test_the_service_linked_role_is_made_once(twin, scaling):
    role = twin.client("iam").get_role(RoleName="AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")["Role"]
    [registered] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert registered["RoleARN"] == role["Arn"]
    assert role["Path"] == "/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"


def test_a_scaled_variant_keeps_its_instance_type_and_goes_with_its_endpoint(twin, scaling, unique, config, model):
    sagemaker, name = twin.client("sagemaker"), unique("brief")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config(main=(model(), 1, 1)))
    wait_for(twin, name, 1)
    scope = {**SCOPE, "ResourceId": f"endpoint/{name}/variant/main"}
    scaling.register_scalable_target(**scope, MinCapacity=1, MaxCapacity=2)
    variant = {"VariantName": "main", "ModelName": model(), "InitialInstanceCount": 1, "InstanceType": "ml.m5.xlarge"}
    sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-larger", ProductionVariants=[variant])
    with pytest.raises(ClientError, match=r'The variant\(s\) "main" must be deregistered as scalable targets'):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-larger")
    track(scaling, scope)
    sagemaker.delete_endpoint(EndpointName=name)
    gone(twin, name)
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert twin.client("cloudwatch").describe_alarms(AlarmNamePrefix="TargetTracking-")["MetricAlarms"] == []


def test_a_target_that_exists_is_not_tagged_by_registering_it(scaling, target):
    with pytest.raises(ClientError, match="use the TagResource API"):
        scaling.register_scalable_target(**target, Tags={"a": "b"})
