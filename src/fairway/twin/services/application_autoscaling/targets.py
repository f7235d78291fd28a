"""Scalable targets: registered with the permissions that AWS asks of the caller, described, deregistered."""

import json
from collections.abc import Mapping
from typing import Any

from fairway.twin import base
from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.runtime.scaling import ScalingEngine
from fairway.twin.runtime.scaling_dimensions import dimension_of
from fairway.twin.runtime.scaling_targets import POLICY, SCHEDULED_ACTION, TARGET, names_of, of_target, targets_of
from fairway.twin.services.application_autoscaling.policies import delete_alarms
from fairway.twin.services.application_autoscaling.resources import (
    SERVICE,
    ObjectNotFoundError,
    check_supported,
    conditions,
    conditions_of,
    find_target,
    named,
    of_dimension,
    page,
    target_arn,
)
from fairway.twin.store import Resource

PRINCIPAL = "sagemaker.application-autoscaling.amazonaws.com"
ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
_ACTIVE = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


@operation(SERVICE, "RegisterScalableTarget", resource=target_arn, conditions=conditions)
def register_scalable_target(call: Call) -> Mapping[str, Any]:
    """Store a target, or change it, and bring what it scales within its bounds."""
    check_supported(call)
    known = find_target(call)
    attributes = _attributes(call, known)
    _check_endpoint(call, attributes)
    role = _service_linked_role(call)
    if known is None:
        now = call.twin.clock.now()
        attributes |= {"RoleARN": role, "ScalableTargetARN": target_arn(call), "CreationTime": now}
        place = (call.account, call.region, call.params["ResourceId"], target_arn(call))
        known = Resource(TARGET, *place, attributes, dict(call.params.get("Tags", {})))
        call.twin.store.add(known)
    else:
        call.twin.store.update(known, **attributes)
    call.twin.engine(ScalingEngine).settle(known)
    return {"ScalableTargetARN": known.arn}


def _attributes(call: Call, known: Resource | None) -> dict[str, Any]:
    """Return what a target is to have; what an update leaves out stays."""
    before = known.attributes if known else {"SuspendedState": _ACTIVE}
    names = ("ServiceNamespace", "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity")
    attributes = {name: call.params.get(name, before.get(name)) for name in names}
    attributes["SuspendedState"] = {**before["SuspendedState"], **call.params.get("SuspendedState", {})}
    if attributes["MinCapacity"] is None or attributes["MaxCapacity"] is None:
        raise ValidationError("MinCapacity and MaxCapacity are required when registering a new scalable target")
    if attributes["MinCapacity"] > attributes["MaxCapacity"]:
        raise ValidationError("Maximum capacity cannot be less than minimum capacity")
    if known is not None and call.params.get("Tags"):
        raise ValidationError(
            "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, "
            "use the TagResource API."
        )
    return attributes


def _check_endpoint(call: Call, attributes: Mapping[str, Any]) -> None:
    """Look at the endpoint with the caller's permissions, and see that they suffice for what scaling will do.

    https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html
    """
    name, variant = names_of(call.params["ResourceId"])
    endpoint = call.twin.store.get("Endpoint", call.account, call.region, name)
    arn = call.arn(f"endpoint/{name.lower()}")
    config_name = endpoint.attributes["EndpointConfigName"] if endpoint else "*"
    alarm = call.arn(f"alarm:TargetTracking-{call.params['ResourceId']}", "cloudwatch")
    _check_permitted(
        call,
        {
            "sagemaker:DescribeEndpoint": arn,
            "sagemaker:DescribeEndpointConfig": call.arn(f"endpoint-config/{config_name.lower()}"),
            "sagemaker:UpdateEndpointWeightsAndCapacities": arn,
            "cloudwatch:DescribeAlarms": "*",
            "cloudwatch:PutMetricAlarm": alarm,
            "cloudwatch:DeleteAlarms": alarm,
        },
    )
    if endpoint is None:
        raise ValidationError(f'Could not find endpoint "{arn}".')
    config = call.twin.store.get("EndpointConfig", call.account, call.region, config_name)
    variants = config.attributes["ProductionVariants"] if config else endpoint.attributes.get("ProductionVariants", [])
    found = next((one for one in variants if one["VariantName"] == variant), None)
    if found is None:
        raise ValidationError(f'The endpoint "{arn}" has no variant {variant!r}.')
    asynchronous = config is not None and bool(config.attributes.get("AsyncInferenceConfig"))
    dimension = dimension_of(attributes)
    fault = dimension.fault(variant, found)
    fault = fault or dimension.minimum_fault(attributes["MinCapacity"], asynchronous=asynchronous)
    if fault is not None:
        raise ValidationError(fault)


def _check_permitted(call: Call, needed: Mapping[str, str], context: Mapping[str, Any] | None = None) -> None:
    """Raise Application Auto Scaling's error with those of the needed actions that the caller may not do."""
    missing = [action for action, resource in needed.items() if not _may(call, action, resource, context)]
    if missing:
        raise ValidationError(f"User is missing the following permissions: {', '.join(missing)}")


def _may(call: Call, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
    try:
        call.caller.authorize(action, resource, context)
    except base.RefusedError:
        return False
    return True


def _service_linked_role(call: Call) -> str:
    """Return the role that scales endpoints; AWS makes it when it is first needed, if the caller may."""
    iam = call.twin.client("iam", account=call.account, region=call.region)
    arn = f"arn:aws:iam::{call.account}:role/aws-service-role/{PRINCIPAL}/{ROLE}"
    try:
        iam.get_role(RoleName=ROLE)
    except iam.exceptions.NoSuchEntityException:
        _check_permitted(call, {"iam:CreateServiceLinkedRole": arn}, {"iam:AWSServiceName": PRINCIPAL})
        # By CreateRole: ministack's CreateServiceLinkedRole would give it a name of its own.
        trust = {"Effect": "Allow", "Principal": {"Service": PRINCIPAL}, "Action": "sts:AssumeRole"}
        iam.create_role(
            RoleName=ROLE,
            Path=f"/aws-service-role/{PRINCIPAL}/",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
    return arn


@operation(SERVICE, "DescribeScalableTargets", conditions=conditions)
def describe_scalable_targets(call: Call) -> Mapping[str, Any]:
    """Return the targets, or those that are named."""
    check_supported(call)
    wanted = call.params.get("ResourceIds")
    targets = call.twin.store.list(TARGET, call.account, call.region)
    named_ones = [target.attributes for target in targets if not wanted or target.name in wanted]
    found = [attributes for attributes in named_ones if of_dimension(call, attributes)]
    return page("DescribeScalableTargets", call, found)


@operation(SERVICE, "DeregisterScalableTarget", resource=target_arn, conditions=conditions)
def deregister_scalable_target(call: Call) -> Mapping[str, Any]:
    """Forget a target; what it scaled stays as it is."""
    check_supported(call)
    target = find_target(call)
    if target is None:
        raise ObjectNotFoundError(f"No scalable target found for {named(call)}")
    _forget(call, target)
    return {}


def deregister_endpoint(call: Call, endpoint: Resource) -> None:
    """Forget the targets of an endpoint that is deleted, as far as the caller may, which AWS does without a word.

    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html
    """
    for target in targets_of(call.twin.store, endpoint):
        if _may(call, f"{SERVICE}:DeregisterScalableTarget", target.arn, conditions_of(target)):
            _forget(call, target)


def _forget(call: Call, target: Resource) -> None:
    """Forget a target, its policies with their alarms, and its scheduled actions."""
    for policy in of_target(call.twin.store, POLICY, target):
        delete_alarms(call, policy)
        call.twin.store.remove(policy)
    for action in of_target(call.twin.store, SCHEDULED_ACTION, target):
        call.twin.store.remove(action)
    call.twin.store.remove(target)


@operation(SERVICE, "DescribeScalingActivities", conditions=conditions)
def describe_scaling_activities(call: Call) -> Mapping[str, Any]:
    """Return what was done, the newest first; with IncludeNotScaledActivities also what was not, and why."""
    check_supported(call)
    activities = call.twin.engine(ScalingEngine).activities
    found = [
        activity
        for activity in activities.of(call.account, call.region, call.params.get("ResourceId"))
        if of_dimension(call, activity)
    ]
    every = call.params.get("IncludeNotScaledActivities", False)
    return page("DescribeScalingActivities", call, [one for one in found if every or "NotScaledReasons" not in one])
