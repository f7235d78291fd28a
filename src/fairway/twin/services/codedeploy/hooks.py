"""What the function of a lifecycle event says."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.runtime.shift import ShiftEngine
from fairway.twin.services.codedeploy.resources import SERVICE, find_deployment


@operation(SERVICE, "PutLifecycleEventHookExecutionStatus")
def put_lifecycle_event_hook_execution_status(call: Call) -> Mapping[str, Any]:
    """Take the verdict for which a deployment waits."""
    if "deploymentId" not in call.params:
        raise ServiceError("DeploymentIdRequiredException", "The deployment's id is required.")
    status, execution = call.params.get("status"), call.params.get("lifecycleEventHookExecutionId", "")
    if status not in ("Succeeded", "Failed"):
        sentence = f"A hook's status is Succeeded or Failed; {status} came."
        raise ServiceError("InvalidLifecycleEventHookExecutionStatusException", sentence)
    deployment = find_deployment(call)
    if not call.twin.engine(ShiftEngine).answer(deployment.name, execution, succeeded=status == "Succeeded"):
        sentence = f"No lifecycle event of {deployment.name} waits for the execution {execution!r}."
        raise ServiceError("InvalidLifecycleEventHookExecutionIdException", sentence)
    return {"lifecycleEventHookExecutionId": execution}
