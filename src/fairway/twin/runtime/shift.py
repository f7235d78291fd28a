"""Deployments of the Lambda platform: an alias's traffic goes to another version, under hooks and alarms, and back."""

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime import shift_records as records
from fairway.twin.runtime.shift_plan import Step, steps
from fairway.twin.runtime.shift_run import Shift
from fairway.twin.runtime.shift_spec import AppSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairway.twin.context import Resource, Twin

_ROLLED_BACK_BY = {"ALARM_ACTIVE": "DEPLOYMENT_STOP_ON_ALARM", "MANUAL_STOP": "DEPLOYMENT_STOP_ON_REQUEST"}


class ShiftEngine:
    """Runs deployments, each in a thread of its own; a rollback is a deployment too."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._shifts: dict[str, Shift] = {}
        self._closed = False

    def start(self, deployment: "Resource", group: "Resource", routing: "Mapping[str, Any]") -> None:
        """Begin a deployment that was stored."""
        self._run(deployment, group, steps(routing), then=self._finish)

    def answer(self, deployment_id: str, execution_id: str, *, succeeded: bool) -> bool:
        """Take what a hook's function says; return False if no hook of that deployment waits for it."""
        shift = self._shifts.get(deployment_id)
        return shift is not None and shift.answer(execution_id, succeeded=succeeded)

    def stop(self, deployment: "Resource", *, rollback: bool) -> bool:
        """Ask a deployment to stop; return False if it has ended."""
        shift = self._shifts.get(deployment.name)
        return shift is not None and shift.stop(rollback=rollback)

    def close(self) -> None:
        """Leave all deployments as they are."""
        self._closed = True
        for shift in list(self._shifts.values()):
            shift.abandon()

    def _run(self, deployment: "Resource", group: "Resource", plan: "list[Step]", *, then: Any) -> None:
        shift = Shift(self._twin, deployment, group, plan)
        self._shifts[deployment.name] = shift

        def run() -> None:
            with contextlib.suppress(InterruptedError):  # the twin ends
                shift.run()
                then(shift)
            del self._shifts[deployment.name]

        threading.Thread(target=run, name=f"deployment-{deployment.name}", daemon=True).start()

    def _finish(self, shift: Shift) -> None:
        """End a deployment, and begin its rollback where the group, or who stopped it, wants one.

        https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html
        """
        if self._closed or not _wants_rollback(shift):
            shift.end()
            return
        back = self._rollback_of(shift)
        sentence = f"The deployment {back.name} brings version {shift.spec.current} back."
        shift.end(rollbackInfo={"rollbackDeploymentId": back.name, "rollbackMessage": sentence})
        self._run(back, shift.group, [Step(100, 0)], then=lambda rollback: rollback.end())

    def _rollback_of(self, shift: Shift) -> "Resource":
        """Store the deployment that brings all traffic back to the version before."""
        deployment, text = shift.deployment, shift.spec.back()
        kept = ("applicationName", "deploymentGroupName", "deploymentConfigName")
        members = {name: deployment.attributes[name] for name in kept} | {
            "description": f"Rolls {deployment.name} back",
            "creator": "codeDeployRollback",
            "rollbackInfo": {"rollbackTriggeringDeploymentId": deployment.name},
        }
        return records.record(self._twin, (deployment.account, deployment.region), members, text, AppSpec.parse(text))


def _wants_rollback(shift: Shift) -> bool:
    if shift.failure is None or not shift.touched:
        return False
    settings = shift.deployment.attributes.get("autoRollbackConfiguration") or {}
    event = _ROLLED_BACK_BY.get(shift.failure.code, "DEPLOYMENT_FAILURE")
    return shift.rollback_asked or (bool(settings.get("enabled")) and event in settings.get("events", ()))
