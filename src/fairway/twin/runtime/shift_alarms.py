"""What the alarms of a deployment group say while a deployment runs: nothing, or why it stops."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Alarms:
    """The alarms of one deployment, read with the credentials of the group's service role, as CodeDeploy reads them."""

    def __init__(self, configuration: "Mapping[str, Any]", cloudwatch: Any) -> None:
        alarms = configuration.get("alarms", ()) if configuration.get("enabled") else ()
        self._names = [alarm["name"] for alarm in alarms]
        self._lenient = bool(configuration.get("ignorePollAlarmFailure"))
        self._cloudwatch = cloudwatch

    def trouble(self) -> str | None:
        """Return why the deployment is to stop, with the alarms' own reasons, or None."""
        if not self._names:
            return None
        try:
            answer = self._cloudwatch.describe_alarms(
                AlarmNames=self._names, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
        except ClientError as error:
            if self._lenient:
                return None
            return f"The alarms could not be read: {error.response['Error']['Message']}"
        alarms = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
        missing = set(self._names) - {alarm["AlarmName"] for alarm in alarms}
        if missing and not self._lenient:
            return f"The alarms {', '.join(sorted(missing))} do not exist."
        ringing = [
            f"{alarm['AlarmName']} ({alarm.get('StateReason', '')})"
            for alarm in alarms
            if alarm["StateValue"] == "ALARM"
        ]
        return f"One or more alarms have been activated: {'; '.join(ringing)}" if ringing else None
