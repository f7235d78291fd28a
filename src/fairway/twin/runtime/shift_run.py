"""One deployment as it runs: the hook before, the steps of traffic under alarms, the hook after."""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fairway.twin.context import RoleError
from fairway.twin.runtime import shift_records as records
from fairway.twin.runtime.shift_alarms import Alarms
from fairway.twin.runtime.shift_spec import AFTER, BEFORE, AppSpec

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.shift_plan import Step

logger = logging.getLogger(__name__)

PRINCIPAL = "codedeploy.amazonaws.com"
POLL_SECONDS = 10.0
# A hook has an hour to answer; however fast time runs, its function needs some of ours.
HOOK_SECONDS, HOOK_WALL_SECONDS = 3600.0, 60.0
_SHORTEST_PAUSE = 0.1


@dataclass(frozen=True)
class Failure:
    """Why a deployment did not succeed, as CodeDeploy's ErrorInformation has it."""

    code: str
    message: str

    @property
    def status(self) -> str:
        """What the deployment ends as: alarms and people stop it, everything else is its failure."""
        return "Stopped" if self.code in ("ALARM_ACTIVE", "MANUAL_STOP") else "Failed"


class FailedError(Exception):
    """The deployment cannot go on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(code, message)


class Shift:
    """A deployment, and the group whose role it acts as."""

    def __init__(self, twin: "Twin", deployment: "Resource", group: "Resource", plan: "list[Step]") -> None:
        self.deployment, self.group = deployment, group
        self.spec = AppSpec.parse(deployment.attributes["revision"]["appSpecContent"]["content"])
        self.failure: Failure | None = None
        self.rollback_asked = False
        self.touched = False  # from here on there is something to roll back
        self._twin, self._plan = twin, plan
        self._signal = threading.Event()
        self._stopped = self._abandoned = False
        self._waiting: str | None = None
        self._answer: bool | None = None

    # -- what others say to it ----------------------------------------------------------------------------------------

    def answer(self, execution_id: str, *, succeeded: bool) -> bool:
        """Take the answer of a hook; return False if this is not the one that is waited for."""
        if execution_id != self._waiting or self._answer is not None:
            return False
        self._answer = succeeded
        self._signal.set()
        return True

    def stop(self, *, rollback: bool) -> bool:
        """Stop at the next opportunity."""
        self._stopped, self.rollback_asked = True, rollback
        self._signal.set()
        return True

    def abandon(self) -> None:
        """Leave everything as it is."""
        self._abandoned = True
        self._signal.set()

    # -- the deployment -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Go through the lifecycle; `failure` says afterwards whether, and why, it failed."""
        self._twin.store.update(self.deployment, status="InProgress", startTime=self._twin.clock.now())
        records.update_target(self._twin, self.deployment, status="InProgress")
        self._announce("START")
        try:
            self._connect()
            self._check()
            for event in self.spec_events():
                self._lifecycle(event)
        except FailedError as error:
            self.failure = error.failure
        except InterruptedError:
            raise
        except Exception as error:  # a defect of the twin ends the deployment, it does not leave it hanging
            logger.exception("the deployment %s", self.deployment.name)
            self.failure = Failure("INTERNAL_ERROR", f"The twin failed: {type(error).__name__}: {error}")

    def spec_events(self) -> list[str]:
        """Return the lifecycle events that this deployment has, in their order."""
        return [event["lifecycleEventName"] for event in self.deployment.attributes[records.TARGET]["lifecycleEvents"]]

    def end(self, **members: Any) -> None:
        """Note the outcome, with more members of DeploymentInfo."""
        failure, now = self.failure, self._twin.clock.now()
        status = failure.status if failure else "Succeeded"
        if failure:
            members["errorInformation"] = {"code": failure.code, "message": failure.message}
            for event in self.deployment.attributes[records.TARGET]["lifecycleEvents"]:
                if event["status"] == "Pending":
                    records.set_event(self._twin, self.deployment, event["lifecycleEventName"], "Skipped")
        records.update_target(self._twin, self.deployment, status="Failed" if failure else "Succeeded")
        self._twin.store.update(self.deployment, status=status, completeTime=now, **members)
        self._announce({"Succeeded": "SUCCESS", "Failed": "FAILURE", "Stopped": "STOP"}[status])

    def _connect(self) -> None:
        """Become the group's service role."""
        try:
            credentials = self._twin.role_credentials(
                self.group.attributes["serviceRoleArn"], service=PRINCIPAL, session=self.deployment.name
            )
        except RoleError as error:
            raise FailedError("IAM_ROLE_MISSING", str(error)) from error
        place = {"account": self.deployment.account, "region": self.deployment.region}
        self._lambda = self._twin.client("lambda", **place, credentials=credentials)
        watched = self.deployment.attributes.get("overrideAlarmConfiguration")
        watched = watched or self.group.attributes.get("alarmConfiguration") or {}
        # Alarms that ring would keep a rollback, which is what silences them, from its end.
        configuration = {} if self._is_rollback else watched
        self._alarms = Alarms(configuration, self._twin.client("cloudwatch", **place, credentials=credentials))

    @property
    def _is_rollback(self) -> bool:
        return bool(self.deployment.attributes.get("creator") == "codeDeployRollback")

    def _check(self) -> None:
        """See that the versions are there, and that the alias is where the AppSpec file says."""
        spec = self.spec
        alias = self._call("get_alias", FunctionName=spec.function, Name=spec.alias)
        eye = self._twin.client("lambda", account=self.deployment.account, region=self.deployment.region)
        try:
            eye.get_function_configuration(FunctionName=spec.function, Qualifier=spec.target)
        except ClientError as error:
            raise FailedError("INVALID_LAMBDA_FUNCTION", error.response["Error"]["Message"]) from error
        if not self._is_rollback and alias["FunctionVersion"] != spec.current:
            raise FailedError(
                "INVALID_LAMBDA_CONFIGURATION",
                f"The alias {spec.alias} of {spec.function} is at version {alias['FunctionVersion']}; "
                f"the AppSpec file's CurrentVersion is {spec.current}.",
            )
        self.touched = True

    def _lifecycle(self, event: str) -> None:
        records.set_event(self._twin, self.deployment, event, "InProgress")
        try:
            if event in (BEFORE, AFTER):
                self._ask(event, self.spec.hooks[event])
            else:
                self._allow_traffic()
        except FailedError as error:
            records.set_event(self._twin, self.deployment, event, "Failed", error.failure.message)
            raise
        records.set_event(self._twin, self.deployment, event, "Succeeded")

    def _ask(self, event: str, function: str) -> None:
        """Invoke a hook's function, and wait for what it says by PutLifecycleEventHookExecutionStatus."""
        self._answer, self._waiting = None, str(uuid.uuid4())
        payload = {"DeploymentId": self.deployment.name, "LifecycleEventHookExecutionId": self._waiting}
        self._call("invoke", FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode())
        seconds = max(HOOK_SECONDS, HOOK_WALL_SECONDS * self._twin.clock.speed)
        if not self._wait(seconds, lambda: self._answer is not None):
            raise FailedError("TIMEOUT", f"The hook {event} ({function}) did not answer within an hour.")
        self._waiting = None
        if not self._answer:
            raise FailedError("HOOK_EXECUTION_FAILURE", f"The hook {event} ({function}) answered Failed.")

    def _allow_traffic(self) -> None:
        """Move the traffic by the plan; the last step is the end of it."""
        for step in self._plan:
            self._wait(0)
            whole = step.percent == 100
            version, weights = (
                (self.spec.target, {}) if whole else (self.spec.current, {self.spec.target: step.percent / 100})
            )
            self._call(
                "update_alias",
                FunctionName=self.spec.function,
                Name=self.spec.alias,
                FunctionVersion=version,
                RoutingConfig={"AdditionalVersionWeights": weights},
            )
            records.set_weight(self._twin, self.deployment, self.spec, step.percent)
            self._wait(step.seconds)

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._lambda, operation)(**parameters)
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            denied = code.startswith("AccessDenied")
            raise FailedError("IAM_ROLE_PERMISSIONS" if denied else "INVALID_LAMBDA_FUNCTION", message) from error

    def _wait(self, seconds: float, done: Callable[[], bool] = lambda: False) -> bool:
        """Return True once `done` holds, False after so many seconds of AWS's time; alarms and people end it."""
        clock, began = self._twin.clock, time.monotonic()
        while True:
            self._signal.clear()
            if self._abandoned:
                raise InterruptedError
            if self._stopped:
                raise FailedError("MANUAL_STOP", "The deployment was stopped by a call of StopDeployment.")
            if done():
                return True
            trouble = self._alarms.trouble()
            if trouble is not None:
                raise FailedError("ALARM_ACTIVE", trouble)
            remaining = seconds - (time.monotonic() - began) * clock.speed
            if remaining <= 0:
                return False
            clock.wait(min(remaining, max(POLL_SECONDS, _SHORTEST_PAUSE * clock.speed)), self._signal)

    def _announce(self, state: str) -> None:
        given, group = self.deployment.attributes, self.group
        application, name = given["applicationName"], given["deploymentGroupName"]
        account, region = group.account, group.region
        self._twin.emit(
            source="aws.codedeploy",
            detail_type="CodeDeploy Deployment State-change Notification",
            detail={
                "region": region,
                "deploymentId": self.deployment.name,
                "instanceGroupId": group.attributes["deploymentGroupId"],
                "deploymentGroup": name,
                "state": state,
                "application": application,
            },
            resources=[
                f"arn:aws:codedeploy:{region}:{account}:application:{application}",
                records.group_arn(account, region, application, name),
            ],
            account=account,
            region=region,
        )
