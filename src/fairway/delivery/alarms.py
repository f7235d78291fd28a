"""The alarms of an endpoint: those that its deployments are rolled back by, and no others.

By name, as the endpoint itself has them. The prefix of an endpoint is also that of its scaling's alarms, which ring
when all is well, and of other endpoints: `flights-prod-` begins `flights-prod-eu-errors` too.
"""

from collections.abc import Mapping
from typing import Any


def watching(cloudwatch: Any, endpoint: Mapping[str, Any]) -> list[Any]:
    """Return the alarms, metric and composite, that watch an endpoint as DescribeEndpoint tells it."""
    deployment = endpoint.get("LastDeploymentConfig") or {}
    given = (deployment.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    if not given:
        return []  # without names, all alarms of the account would be meant
    names = [alarm["AlarmName"] for alarm in given]
    found = cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
