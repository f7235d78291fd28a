"""Scaling policies: target tracking with its two alarms, and steps that a person's alarm calls."""

import uuid
from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.runtime.scaling import ScalingEngine
from fairway.twin.runtime.scaling_alarms import HIGH, LOW, callers_of, tracking_alarms
from fairway.twin.runtime.scaling_dimensions import Dimension, dimension_of
from fairway.twin.runtime.scaling_rules import step_faults
from fairway.twin.runtime.scaling_targets import POLICY
from fairway.twin.services.application_autoscaling.resources import (
    SERVICE,
    ObjectNotFoundError,
    check_supported,
    conditions,
    named,
    of_dimension,
    page,
    registered,
    target_arn,
)
from fairway.twin.store import Resource

_CONFIGURATIONS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
}


def _name(call: Call) -> str:
    return f"{call.params['ResourceId']}|{call.params['PolicyName']}"


@operation(SERVICE, "PutScalingPolicy", resource=target_arn, conditions=conditions)
def put_scaling_policy(call: Call) -> Mapping[str, Any]:
    """Store a policy, or change it, with the alarms that call it."""
    target = registered(call)
    known = call.twin.store.get(POLICY, call.account, call.region, _name(call))
    kind = call.params.get("PolicyType") or (known.attributes["PolicyType"] if known else None)
    configuration = _configuration(call, kind, known, dimension_of(target.attributes))
    attributes = {"PolicyType": kind, _CONFIGURATIONS[str(kind)]: configuration}
    if known is None:
        known = _new(call, target, attributes)
        call.twin.store.add(known)
    else:
        call.twin.store.update(known, **attributes)
    _put_alarms(call, known)
    call.twin.engine(ScalingEngine).wake()
    return {"PolicyARN": known.arn, "Alarms": known.attributes["Alarms"]}


def _configuration(call: Call, kind: str | None, known: Resource | None, dimension: Dimension) -> Mapping[str, Any]:
    if kind is None:
        raise ValidationError("PolicyType is required when creating a scaling policy")
    if kind not in _CONFIGURATIONS:
        raise ValidationError(f"The twin does not have policies of the type {kind}.")
    if known is not None and known.attributes["PolicyType"] != kind:
        raise ValidationError("The type of a scaling policy cannot be changed; delete it, and create another one")
    other = next(member for name, member in _CONFIGURATIONS.items() if name != kind)
    if other in call.params or "PredictiveScalingPolicyConfiguration" in call.params:
        raise ValidationError(f"Only {_CONFIGURATIONS[kind]} is allowed for a policy of the type {kind}")
    configuration: Mapping[str, Any] | None = call.params.get(_CONFIGURATIONS[kind])
    if configuration is None:
        raise ValidationError(f"{_CONFIGURATIONS[kind]} is required for a policy of the type {kind}")
    _check_steps(configuration) if kind == "StepScaling" else _check_tracking(configuration, dimension)
    return configuration


def _check_steps(step: Mapping[str, Any]) -> None:
    if "AdjustmentType" not in step or not step.get("StepAdjustments"):
        raise ValidationError("AdjustmentType and at least one of StepAdjustments are required for step scaling")
    if "MinAdjustmentMagnitude" in step and step["AdjustmentType"] != "PercentChangeInCapacity":
        raise ValidationError("MinAdjustmentMagnitude is only for the adjustment type PercentChangeInCapacity")
    exact = step["AdjustmentType"] == "ExactCapacity"
    if exact and any(one["ScalingAdjustment"] < 0 for one in step["StepAdjustments"]):
        raise ValidationError("ScalingAdjustment must not be negative for the adjustment type ExactCapacity")
    fault = step_faults(step["StepAdjustments"])
    if fault is not None:
        raise ValidationError(fault)


def _check_tracking(tracking: Mapping[str, Any], dimension: Dimension) -> None:
    predefined, own = tracking.get("PredefinedMetricSpecification"), tracking.get("CustomizedMetricSpecification")
    if (predefined is None) == (own is None):
        raise ValidationError(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification is required"
        )
    if tracking["TargetValue"] <= 0:
        raise ValidationError("TargetValue must be greater than 0")
    if predefined is not None and predefined["PredefinedMetricType"] != dimension.predefined:
        raise ValidationError(
            f"The twin does not have the predefined metric {predefined['PredefinedMetricType']!r} for "
            f"{dimension.name!r}, only {dimension.predefined!r}."
        )
    if own is not None and "Metrics" in own:
        raise ValidationError(
            "The twin does not have metric math in target tracking (CustomizedMetricSpecification.Metrics)."
        )
    if own is not None and not {"MetricName", "Namespace", "Statistic"} <= own.keys():
        raise ValidationError("MetricName, Namespace and Statistic are required in CustomizedMetricSpecification")


def _new(call: Call, target: Resource, attributes: Mapping[str, Any]) -> Resource:
    params = call.params
    arn = call.arn(
        f"scalingPolicy:{uuid.uuid4()}:resource/{params['ServiceNamespace']}/{params['ResourceId']}:policyName/"
        f"{params['PolicyName']}",
        "autoscaling",
    )
    names = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    stored = {name: target.attributes[name] for name in names}
    stored |= {"PolicyName": params["PolicyName"], "PolicyARN": arn, "CreationTime": call.twin.clock.now()}
    return Resource(POLICY, call.account, call.region, _name(call), arn, {**stored, **attributes, "Alarms": []})


def _put_alarms(call: Call, policy: Resource) -> None:
    """Make the alarms of target tracking, or bring them to the policy's present target."""
    tracking = policy.attributes.get("TargetTrackingScalingPolicyConfiguration")
    if tracking is None:
        return
    cloudwatch = call.twin.client("cloudwatch", account=call.account, region=call.region)
    known = {
        kind: one["AlarmName"]
        for one in policy.attributes["Alarms"]
        for kind in (HIGH, LOW)
        if kind in one["AlarmName"]
    }
    kinds = (HIGH,) if tracking.get("DisableScaleIn") else (HIGH, LOW)
    stem = f"TargetTracking-{policy.attributes['ResourceId']}"
    names = {kind: known.get(kind) or f"{stem}-{kind}-{uuid.uuid4()}" for kind in kinds}
    alarms = [{"AlarmName": name, "AlarmARN": call.arn(f"alarm:{name}", "cloudwatch")} for name in names.values()]
    gone = [name for kind, name in known.items() if kind not in names]
    call.twin.store.update(policy, Alarms=alarms)
    for alarm in tracking_alarms(policy, names):
        cloudwatch.put_metric_alarm(**alarm)
    if gone:
        cloudwatch.delete_alarms(AlarmNames=gone)


def delete_alarms(call: Call, policy: Resource) -> None:
    """Delete the alarms that target tracking has made; those of people stay."""
    names = [alarm["AlarmName"] for alarm in policy.attributes["Alarms"]]
    if names:
        call.twin.client("cloudwatch", account=call.account, region=call.region).delete_alarms(AlarmNames=names)


@operation(SERVICE, "DescribeScalingPolicies", conditions=conditions)
def describe_scaling_policies(call: Call) -> Mapping[str, Any]:
    """Return the policies, of all targets or of one, with the alarms that call them."""
    check_supported(call)
    names, identity = call.params.get("PolicyNames"), call.params.get("ResourceId")
    found = [
        {**policy.attributes, "Alarms": policy.attributes["Alarms"] or callers_of(policy)}
        for policy in call.twin.store.list(POLICY, call.account, call.region)
        if of_dimension(call, policy.attributes)
        and identity in (None, policy.attributes["ResourceId"])
        and (not names or policy.attributes["PolicyName"] in names or policy.arn in names)
    ]
    return page("DescribeScalingPolicies", call, found)


@operation(SERVICE, "DeleteScalingPolicy", resource=target_arn, conditions=conditions)
def delete_scaling_policy(call: Call) -> Mapping[str, Any]:
    """Forget a policy, and delete the alarms that target tracking has made for it."""
    check_supported(call)
    policy = call.twin.store.get(POLICY, call.account, call.region, _name(call))
    if policy is None:
        raise ObjectNotFoundError(
            f"No scaling policy found for {named(call)}, policy name: {call.params['PolicyName']}"
        )
    delete_alarms(call, policy)
    call.twin.store.remove(policy)
    return {}
