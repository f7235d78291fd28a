"""Alarms that ring for scaling policies, and what the policies want because of them."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.alarms import FURTHER, Alarm, Statistic
from fairway.twin.runtime.scaling_dimensions import dimension_of
from fairway.twin.runtime.scaling_rules import DEFAULT_COOLDOWN, LOW_SHARE, Direction, Proposal, stepped, tracked
from fairway.twin.runtime.scaling_targets import names_of

if TYPE_CHECKING:
    from fairway.twin.base_alarms import StoredAlarm
    from fairway.twin.context import Resource

MINUTE = 60
HIGH, LOW = "AlarmHigh", "AlarmLow"
# How many minutes the metric is above the target before it is scaled out, and well below it before it is scaled in.
HIGH_MINUTES, LOW_MINUTES = 3, 15
_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_SUMMARIES: dict[str, Callable[[Sequence[float]], float]] = {"Average": fmean, "Minimum": min, "Maximum": max}


@dataclass(frozen=True)
class Ringing:
    """An alarm in a state in which it calls a policy, and what the policy wants."""

    key: tuple[str, str, str]
    state: str
    proposal: Proposal

    @property
    def cause(self) -> str:
        """What an activity says of why it was done."""
        return f"monitor alarm {self.proposal.alarm} in state {self.state} triggered policy {self.proposal.policy}"


def ringing(policies: "Sequence[Resource]", speed: float) -> Iterator[Ringing]:
    """Yield the alarms that ring for any of these policies."""
    from fairway.twin import base_alarms  # noqa: PLC0415 -- loads ministack, which the rest does not need

    known = {policy.arn: policy for policy in policies}
    for alarm in base_alarms.alarms():
        state = alarm.attributes["StateValue"]
        if not alarm.attributes.get("ActionsEnabled", True):
            continue
        for action in alarm.attributes.get(_ACTIONS[state]) or ():
            policy = known.get(action)
            if policy is not None and (alarm.account, alarm.region) == (policy.account, policy.region):
                proposal = _proposal(policy, alarm, speed)
                if proposal is not None:
                    yield Ringing((alarm.account, alarm.region, alarm.name), state, proposal)


def callers_of(policy: "Resource") -> list[dict[str, str]]:
    """Return the alarms that have a policy among their actions, as DescribeScalingPolicies shows them."""
    from fairway.twin import base_alarms  # noqa: PLC0415 -- see above

    return [
        {"AlarmName": alarm.name, "AlarmARN": alarm.attributes["AlarmArn"]}
        for alarm in base_alarms.alarms()
        if any(policy.arn in (alarm.attributes.get(member) or ()) for member in _ACTIONS.values())
    ]


def trackers_agree(policies: "Sequence[Resource]") -> bool:
    """Tell whether all target tracking policies that scale in have their low alarm ringing."""
    from fairway.twin import base_alarms  # noqa: PLC0415 -- see above

    for policy in policies:
        for alarm in policy.attributes.get("Alarms", ()):
            if LOW in alarm["AlarmName"]:
                found = base_alarms.find(policy.account, policy.region, alarm["AlarmName"])
                if found is None or found["StateValue"] != "ALARM":
                    return False
    return True


def _proposal(policy: "Resource", alarm: "StoredAlarm", speed: float) -> Proposal | None:
    given, values = policy.attributes, _values(alarm, speed)
    name = given["PolicyName"]
    if given["PolicyType"] == "StepScaling":
        step = given["StepScalingPolicyConfiguration"]
        threshold = float(alarm.attributes.get("Threshold", 0))
        above = "Greater" in alarm.attributes["ComparisonOperator"]
        # An alarm that rings without data rings at its threshold.
        value = _SUMMARIES[step.get("MetricAggregationType", "Average")](values) if values else threshold
        cooldown = step.get("Cooldown", DEFAULT_COOLDOWN)
        return Proposal(name, alarm.name, False, cooldown, stepped(step, value - threshold, above=above))  # noqa: FBT003
    own = {one["AlarmName"] for one in given["Alarms"]}
    if alarm.name not in own or not values:
        return None
    direction: Direction = "out" if HIGH in alarm.name else "in"
    tracking = given["TargetTrackingScalingPolicyConfiguration"]
    cooldown = tracking.get("ScaleOutCooldown" if direction == "out" else "ScaleInCooldown", DEFAULT_COOLDOWN)
    wanted = tracked(tracking["TargetValue"], values[-1], direction)
    return Proposal(name, alarm.name, True, cooldown, wanted)  # noqa: FBT003 -- it is tracking


def _values(stored: "StoredAlarm", speed: float) -> list[float]:
    """Return the values of an alarm's last periods that have any, the oldest first."""
    from fairway.twin import base_alarms  # noqa: PLC0415 -- see above

    alarm, now = Alarm.parse(stored.attributes), time.time()
    found = {
        statistic: base_alarms.values(
            stored, statistic, period=alarm.period / speed, now=now, periods=alarm.periods + FURTHER
        )
        for statistic in alarm.statistics.values()
    }
    series = alarm.series(lambda statistic, age: found[statistic][age])
    return [value for value in series[-alarm.periods :] if value is not None]


# -- target tracking --------------------------------------------------------------------------------------------------


def tracking_alarms(policy: "Resource", names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the alarms of a target tracking policy as PutMetricAlarm takes them; `names` are those of each kind."""
    tracking = policy.attributes["TargetTrackingScalingPolicyConfiguration"]
    target = tracking["TargetValue"]
    common = {
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
        "AlarmActions": [policy.arn],
        "Period": MINUTE,
        **_metric(policy),
    }
    kinds = {
        HIGH: {"ComparisonOperator": "GreaterThanThreshold", "Threshold": target, "EvaluationPeriods": HIGH_MINUTES},
        LOW: {
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": target * LOW_SHARE,
            "EvaluationPeriods": LOW_MINUTES,
        },
    }
    for kind, name in names.items():
        yield {"AlarmName": name, **common, **kinds[kind]}


def _metric(policy: "Resource") -> dict[str, Any]:
    tracking = policy.attributes["TargetTrackingScalingPolicyConfiguration"]
    own = tracking.get("CustomizedMetricSpecification")
    if own is not None:
        members = ("MetricName", "Namespace", "Dimensions", "Statistic", "Unit")
        return {name: own[name] for name in members if name in own}
    return {**_tracked_metric(policy), "Statistic": dimension_of(policy.attributes).statistic}


def _tracked_metric(resource: "Resource") -> dict[str, Any]:
    endpoint, variant = names_of(resource.attributes["ResourceId"])
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    metric = dimension_of(resource.attributes).metric
    return {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}


def without_traffic(target: "Resource", speed: float) -> dict[str, Any] | None:
    """Return the 0, as PutMetricData takes it, of a variant that was not invoked for a minute; else None."""
    from fairway.twin import base_alarms  # noqa: PLC0415 -- see above

    metric = _tracked_metric(target)
    dimensions = tuple((one["Name"], one["Value"]) for one in metric["Dimensions"])
    statistic = Statistic(metric["Namespace"], metric["MetricName"], dimensions, "Sum", None)
    place = base_alarms.StoredAlarm(target.account, target.region, "", {})
    if base_alarms.values(place, statistic, period=MINUTE / speed, now=time.time(), periods=1)[0] is not None:
        return None
    datum = {"MetricName": metric["MetricName"], "Dimensions": metric["Dimensions"], "Unit": "None", "Value": 0.0}
    return {"Namespace": metric["Namespace"], "MetricData": [datum]}
