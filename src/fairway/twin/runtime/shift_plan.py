"""How a deployment configuration of the Lambda platform moves traffic, as steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LAMBDA_ALL_AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"


@dataclass(frozen=True)
class Step:
    """So much of the traffic is the new version's; the next step comes so many seconds later."""

    percent: int
    seconds: int


class RoutingError(Exception):
    """A traffic routing that CodeDeploy refuses; the message says why."""


def steps(routing: Mapping[str, Any]) -> list[Step]:
    """Return the steps of a TrafficRoutingConfig; raise RoutingError if it is none.

    https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations-create.html
    """
    kind = routing.get("type", "AllAtOnce")
    given = {name for name in ("timeBasedCanary", "timeBasedLinear") if name in routing}
    wanted = {"TimeBasedCanary": {"timeBasedCanary"}, "TimeBasedLinear": {"timeBasedLinear"}}.get(kind, set())
    if given != wanted:
        raise RoutingError(f"A traffic routing of type {kind} has {', '.join(sorted(wanted)) or 'no other member'}.")
    if kind == "TimeBasedCanary":
        percent, minutes = _checked(routing["timeBasedCanary"], "canary")
        return [Step(percent, minutes * 60), Step(100, 0)]
    if kind == "TimeBasedLinear":
        percent, minutes = _checked(routing["timeBasedLinear"], "linear")
        return [Step(share, minutes * 60) for share in range(percent, 100, percent)] + [Step(100, 0)]
    return [Step(100, 0)]


def _checked(given: Mapping[str, Any], kind: str) -> tuple[int, int]:
    percent, minutes = given.get(f"{kind}Percentage", 0), given.get(f"{kind}Interval", 0)
    if not 1 <= percent <= 99:
        raise RoutingError(f"{kind}Percentage is {percent}; 1 to 99 is expected.")
    if minutes < 1:
        raise RoutingError(f"{kind}Interval is {minutes}; one minute or more is expected.")
    return percent, minutes


def _canary(minutes: int) -> tuple[str, dict[str, Any]]:
    routing = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": minutes}}
    return f"CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes", routing


def _linear(minutes: int) -> tuple[str, dict[str, Any]]:
    routing = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 10, "linearInterval": minutes}}
    return f"CodeDeployDefault.LambdaLinear10PercentEvery{minutes}Minute{'s' * (minutes > 1)}", routing


# Those of the platform that every account has; Server and ECS have others.
PREDEFINED: Mapping[str, Mapping[str, Any]] = {
    LAMBDA_ALL_AT_ONCE: {"type": "AllAtOnce"},
    **dict(_canary(minutes) for minutes in (5, 10, 15, 30)),
    **dict(_linear(minutes) for minutes in (1, 2, 3, 10)),
}
