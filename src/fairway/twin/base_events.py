"""What is touched of ministack for services that act by themselves: a session's permissions, and rules' other targets.

Part of `base`; tests/integration/pipelines holds it.
"""
# ruff: noqa: SLF001

import json
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import cloudtrail, eventbridge

from fairway.twin.base import RefusedError, acting_in

if TYPE_CHECKING:
    from fairway.twin.context import Credentials

# (target, the event as it is delivered, the rule)
Deliver = Callable[[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]], None]


def use_permission(
    credentials: "Credentials",
    action: str,
    resource: str,
    *,
    account: str,
    region: str,
    context: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> None:
    """Use a permission of a role's session where ministack asks for none, as UseConnection; CloudTrail shows it.

    `context` are the condition keys of the request, `parameters` what CloudTrail shows of it. Raises RefusedError
    unless the session's policies allow it.
    """
    with acting_in(account, region):
        principal = iam_evaluator.resolve_principal(credentials.access_key, account)
        if isinstance(principal, iam_evaluator.AuthError):
            raise RefusedError("UnrecognizedClientException", principal.message)
        request = iam_evaluator.EvalContext(
            principal_arn=principal.arn,
            principal_type=principal.type,
            principal_account=principal.account,
            action=action,
            resource_arn=resource,
            region=region,
            service_context={key.lower(): value for key, value in context.items()},
            principal_keys=principal.keys,
        )
        allowed = iam_evaluator.evaluate(request, principal.policies, *principal.limits).decision == "Allow"
        if not allowed:
            raise RefusedError(
                "AccessDeniedException",
                f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource}",
            )
        service, _, name = action.partition(":")
        cloudtrail.record_event(
            service=service,
            event_name=name,
            username=credentials.access_key,
            access_key_id=credentials.access_key,
            resources=[],
            region=region,
            request_id=str(uuid.uuid4()),
            user_agent="codepipeline.amazonaws.com",
            request_params=dict(parameters),
            method="POST",
        )


def record_service_event(
    service: str, operation: str, *, account: str, region: str, parameters: Mapping[str, Any]
) -> None:
    """Let CloudTrail show what a service has done by itself, which nobody has called, as an AwsServiceEvent.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/non-api-aws-service-events.html
    """
    with acting_in(account, region):
        cloudtrail.record_event(
            service=service,
            event_name=operation,
            username="",
            access_key_id="",
            resources=[],
            region=region,
            request_id="",
            user_agent="",
            request_params=json.loads(json.dumps(parameters, default=str)),
            method="POST",
            invoked_by=f"{service}.amazonaws.com",
        )


def install_targets(service: str, deliver: Deliver) -> None:
    """Let `deliver` have the events whose rule has a target of a service that ministack has not."""
    invoke = eventbridge._invoke_target

    def invoke_target(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        if str(target.get("Arn", "")).split(":")[2:3] == [service]:
            deliver(target, event, rule)
        else:
            invoke(target, event, rule, view)

    eventbridge._invoke_target = invoke_target
