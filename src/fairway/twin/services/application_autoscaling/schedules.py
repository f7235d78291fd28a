"""Scheduled actions: at a time, at a rate, or as cron says, a target gets other bounds."""

import uuid
from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.runtime.scaling import ScalingEngine
from fairway.twin.runtime.scaling_schedules import ScheduleError
from fairway.twin.runtime.scaling_targets import SCHEDULED_ACTION, minimum_fault, next_run
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


def _name(call: Call) -> str:
    return f"{call.params['ResourceId']}|{call.params['ScheduledActionName']}"


@operation(SERVICE, "PutScheduledAction", resource=target_arn, conditions=conditions)
def put_scheduled_action(call: Call) -> Mapping[str, Any]:
    """Store an action, or change it; the start and the end of an action that is changed are those of the request."""
    target = registered(call)
    known = call.twin.store.get(SCHEDULED_ACTION, call.account, call.region, _name(call))
    attributes = _attributes(call, known.attributes if known else {}, target)
    if known is None:
        call.twin.store.add(_new(call, attributes))
    else:
        call.twin.store.update(known, **attributes)
    call.twin.engine(ScalingEngine).wake()
    return {}


def _attributes(call: Call, before: Mapping[str, Any], target: Resource) -> dict[str, Any]:
    kept = {name: call.params.get(name, before.get(name)) for name in ("Schedule", "Timezone", "ScalableTargetAction")}
    attributes = {**kept, **{name: call.params.get(name) for name in ("StartTime", "EndTime")}}
    if not attributes["Schedule"] or not attributes["ScalableTargetAction"]:
        raise ValidationError("Schedule and ScalableTargetAction are required when creating a scheduled action")
    wanted = attributes["ScalableTargetAction"]
    if wanted.get("MinCapacity", 0) > wanted.get("MaxCapacity", wanted.get("MinCapacity", 0)):
        raise ValidationError("Maximum capacity cannot be less than minimum capacity")
    fault = minimum_fault(call.twin.store, target, wanted.get("MinCapacity", target.attributes["MinCapacity"]))
    if fault is not None:
        raise ValidationError(fault)
    if attributes["StartTime"] and attributes["EndTime"] and attributes["EndTime"] <= attributes["StartTime"]:
        raise ValidationError("EndTime must be later than StartTime")
    try:
        attributes["NextRun"] = next_run(attributes, call.twin.clock.now(), call.twin.clock.speed)
    except ScheduleError as error:
        raise ValidationError(str(error)) from error
    return attributes


def _new(call: Call, attributes: Mapping[str, Any]) -> Resource:
    params = call.params
    arn = call.arn(
        f"scheduledAction:{uuid.uuid4()}:resource/{params['ServiceNamespace']}/{params['ResourceId']}:"
        f"scheduledActionName/{params['ScheduledActionName']}",
        "autoscaling",
    )
    names = ("ServiceNamespace", "ResourceId", "ScalableDimension", "ScheduledActionName")
    given = {name: params[name] for name in names}
    stored = {**given, "ScheduledActionARN": arn, "CreationTime": call.twin.clock.now(), **attributes}
    return Resource(SCHEDULED_ACTION, call.account, call.region, _name(call), arn, stored)


@operation(SERVICE, "DescribeScheduledActions", conditions=conditions)
def describe_scheduled_actions(call: Call) -> Mapping[str, Any]:
    """Return the scheduled actions, of all targets or of one."""
    check_supported(call)
    names, identity = call.params.get("ScheduledActionNames"), call.params.get("ResourceId")
    found = [
        action.attributes
        for action in call.twin.store.list(SCHEDULED_ACTION, call.account, call.region)
        if of_dimension(call, action.attributes)
        and identity in (None, action.attributes["ResourceId"])
        and (not names or action.attributes["ScheduledActionName"] in names)
    ]
    return page("DescribeScheduledActions", call, found)


@operation(SERVICE, "DeleteScheduledAction", resource=target_arn, conditions=conditions)
def delete_scheduled_action(call: Call) -> Mapping[str, Any]:
    """Forget a scheduled action; the bounds that it has set stay."""
    check_supported(call)
    action = call.twin.store.get(SCHEDULED_ACTION, call.account, call.region, _name(call))
    if action is None:
        name = call.params["ScheduledActionName"]
        raise ObjectNotFoundError(f"No scheduled action found for {named(call)}, scheduled action name: {name}")
    call.twin.store.remove(action)
    return {}
