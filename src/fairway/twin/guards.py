"""What AWS checks about roles when a state machine or a rule is made, and ministack does not."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from fairway.twin import api, base
from fairway.twin.context import RoleError

Document = dict[str, Any]

STATES = "states.amazonaws.com"
EVENTS = "events.amazonaws.com"
# What Step Functions needs to hear of the end of a job: docs.aws.amazon.com/step-functions/latest/dg/sagemaker-iam.html
_JOB_RULES = {
    "createTrainingJob": "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "createTransformJob": "StepFunctionsGetEventsForSageMakerTransformJobsRule",
    "createProcessingJob": "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "createHyperParameterTuningJob": "StepFunctionsGetEventsForSageMakerTuningJobsRule",
}


def find(target: str) -> "Callable[[Document, base.Caller], None] | None":
    """Return the guard of an operation, named as X-Amz-Target names it."""
    return _GUARDS.get(target)


def check(guard: Callable[[Document, base.Caller], None], request: api.Request) -> api.Response | None:
    """Return the refusal of a request, or None when ministack may have it."""
    try:
        document = json.loads(request.body)
    except ValueError:
        return None  # ministack refuses it
    try:
        caller = base.Caller(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.raw_headers,
            body=request.body,
            region=request.region,
        )
        guard(document, caller)
    except base.RefusedError as error:
        return api.error_response(api.ServiceError(error.code, str(error)))
    return None


def _state_machine(document: Document, caller: base.Caller) -> None:
    role = document.get("roleArn")
    if not role:
        return
    operation = "UpdateStateMachine" if "stateMachineArn" in document else "CreateStateMachine"
    name = document.get("stateMachineArn", "").rpartition(":")[2] or document.get("name", "")
    _authorize_in(caller, f"states:{operation}", f"stateMachine:{name}")
    caller.authorize("iam:PassRole", role, {"iam:PassedToService": STATES})
    try:
        base.check_trust(role, STATES)
    except RoleError as error:
        raise base.RefusedError(
            "AccessDeniedException",
            f"Neither the global service principal {STATES}, nor the regional one is authorized to assume the "
            "provided role.",
        ) from error
    for rule in sorted(set(_rules_needed(document.get("definition", "")))):
        arn = f"arn:aws:events:{caller.region}:{caller.account}:rule/{rule}"
        if not all(
            base.role_allows(role, f"events:{action}", arn) for action in ("PutTargets", "PutRule", "DescribeRule")
        ):
            raise base.RefusedError("AccessDeniedException", f"'{role}' is not authorized to create managed-rule.")


def _authorize_in(caller: base.Caller, action: str, resource: str) -> None:
    caller.authorize(action, f"arn:aws:states:{caller.region}:{caller.account}:{resource}")


def _rules_needed(definition: str) -> Iterator[str]:
    for action, rule in _JOB_RULES.items():
        if f":::sagemaker:{action}.sync" in definition:
            yield rule


def _rule_targets(document: Document, caller: base.Caller) -> None:
    for target in document.get("Targets", []):
        if target.get("RoleArn"):
            caller.authorize("iam:PassRole", target["RoleArn"], {"iam:PassedToService": EVENTS})


_GUARDS: dict[str, Callable[[Document, base.Caller], None]] = {
    "AWSStepFunctions.CreateStateMachine": _state_machine,
    "AWSStepFunctions.UpdateStateMachine": _state_machine,
    "AWSEvents.PutTargets": _rule_targets,
}
