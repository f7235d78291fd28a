"""What the alarms of a deployment say: nothing, or why it is to be rolled back."""

from typing import TYPE_CHECKING

from fairway.twin.runtime.rollout_plan import Deployment
from fairway.twin.runtime.rollout_rules import alarm_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairway.twin.context import Resource, Twin


class AutoRollback:
    """The alarms of one deployment, read as the execution role of the new models may read them.

    SageMaker asks for cloudwatch:DescribeAlarms in that role:
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    """

    def __init__(self, twin: "Twin", endpoint: "Resource", config: "Resource", deployment: Deployment) -> None:
        from fairway.twin import base, base_alarms  # noqa: PLC0415 -- load ministack, which the rest does not need

        self._find = base_alarms.find
        self._allows = base.role_allows
        self._endpoint = endpoint
        self._names = alarm_names(deployment)
        self._roles = set(_roles(twin, config)) if self._names else set()

    def trouble(self) -> str | None:
        """Return SageMaker's reason for a rollback, with the alarms' own, or None."""
        tripped = []
        for name in self._names:
            unread = self._unreadable(name)
            if unread is not None:
                return unread
            alarm = self._find(self._endpoint.account, self._endpoint.region, name)
            if alarm is None:
                return f"The alarm {name}, which was to monitor the deployment, does not exist any more."
            if alarm["StateValue"] == "ALARM":
                tripped.append(f"{name} ({alarm.get('StateReason', '')})")
        if not tripped:
            return None
        return f"The deployment was rolled back because one or more alarms were tripped: {'; '.join(tripped)}"

    def _unreadable(self, name: str) -> str | None:
        arn = f"arn:aws:cloudwatch:{self._endpoint.region}:{self._endpoint.account}:alarm:{name}"
        for role in self._roles:
            if not self._allows(role, "cloudwatch:DescribeAlarms", arn):
                return f"User: {role} is not authorized to perform: cloudwatch:DescribeAlarms on resource: {arn}"
        return None


def _roles(twin: "Twin", config: "Resource") -> "Iterator[str]":
    for variant in config.attributes["ProductionVariants"]:
        model = twin.store.get("Model", config.account, config.region, variant["ModelName"])
        if model is not None:
            yield model.attributes["ExecutionRoleArn"]
