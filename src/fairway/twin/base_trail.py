"""The record of calls: who called, which action on which resources, and what was denied.

ministack's CloudTrail notes every caller as an IAM user that is called like its access key, no resources and no denied
calls, and keeps the last ten thousand events. Here its events are completed, and what IAM was asked is also written,
whole, to a file of JSON lines: `{"role", "action", "resource", "denied"}` for a role's call, and
`{"role", "policy", "document"}` for an inline policy that is about to be deleted.

Like `base`, this touches what is not ministack's documented interface; tests/integration/twin/test_trail.py holds it.
"""
# ruff: noqa: SLF001

import contextvars
import functools
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import cloudtrail, iam

from fairway.twin.settings import TRAIL_FILE

# What IAM was asked for the request that is being answered.
_asked: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("asked", default=())
# Whether policies are evaluated on the way to a decision that is recorded as a whole, or are a resource's own.
_within: contextvars.ContextVar[bool] = contextvars.ContextVar("within", default=False)


class Trail:
    """A file to which whole lines are appended, by whichever thread."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._one_at_a_time = threading.Lock()

    def write(self, **told: object) -> None:
        """Append a line."""
        line = json.dumps(told) + "\n"
        with self._one_at_a_time:
            self._file.write(line)


def install(directory: Path) -> None:
    """Let every call from now on be recorded, in CloudTrail and in the file below the twin's directory."""
    trail = Trail(directory / TRAIL_FILE)
    _complete_events()
    _record_decisions(trail)
    _record_evaluations(trail)


def _complete_events() -> None:
    record, one_at_a_time = cloudtrail.record_event, threading.Lock()

    def record_event(*, error: str = "", invoked_by: str = "", **call: Any) -> None:
        resources = _asked.get()
        _asked.set(())
        with one_at_a_time:  # so that the last event is the one just recorded
            record(**{**call, "resources": [{"ResourceName": arn, "ResourceType": _kind(arn)} for arn in resources]})
            event = cloudtrail._get_event_queue()[-1]
        more: dict[str, Any] = {"resources": [{"ARN": arn} for arn in resources]}
        if invoked_by:  # what a service does by itself is no call of anybody
            event["Username"] = invoked_by
            more |= {
                "userIdentity": {"accountId": get_account_id(), "invokedBy": invoked_by},
                "eventType": "AwsServiceEvent",
            }
        else:
            identity = _identity(call["access_key_id"])
            event["Username"] = identity["arn"].rpartition("/")[2] if "/" in identity["arn"] else "root"
            more |= {"userIdentity": identity}
        if error:
            more |= {"errorCode": "AccessDenied", "errorMessage": error}
        event["CloudTrailEvent"] = json.dumps(json.loads(event["CloudTrailEvent"]) | more)

    cloudtrail.record_event = record_event


def _record_decisions(trail: Trail) -> None:
    decide = _unrecorded(iam_evaluator.enforce)

    def enforce_and_record(  # noqa: PLR0917 -- ministack's own signature
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Any = None,
    ) -> Any:
        denied = decide(access_key_id, iam_action, service, region, resource_arn, service_context)
        if isinstance(denied, iam_evaluator.AuthError):
            return denied
        role = _role(access_key_id)
        if role:
            trail.write(role=role, action=iam_action, resource=resource_arn, denied=denied is not None)
        if resource_arn != "*":
            _asked.set((*_asked.get(), resource_arn))
        if denied is not None:
            _record_denial(access_key_id, iam_action, region, resource_arn)
        elif iam_action == "iam:DeleteRolePolicy":
            _keep_policies(trail, resource_arn)
        return denied

    iam_evaluator.enforce = enforce_and_record


def _unrecorded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let the evaluations within a function be none of ours to record."""

    def call(*arguments: Any, **named: Any) -> Any:
        outside = _within.set(True)
        try:
            return function(*arguments, **named)
        finally:
            _within.reset(outside)

    return call


def _record_denial(access_key: str, action: str, region: str, resource: str) -> None:
    service, _, name = action.partition(":")
    cloudtrail.record_event(
        service=service,
        event_name=name,
        username=access_key,
        access_key_id=access_key,
        resources=[],
        region=region,
        request_id="",
        user_agent="",
        request_params={},
        method="POST",
        error=f"not authorized to perform: {action} on resource: {resource}",
    )


def _record_evaluations(trail: Trail) -> None:
    """Record what the twin asks of a role where AWS's own services would make a call as that role."""
    evaluate = iam_evaluator.evaluate
    iam_evaluator.evaluate_resource_policy = _unrecorded(iam_evaluator.evaluate_resource_policy)

    def evaluate_and_record(ctx: Any, *policies: Any) -> Any:
        result = evaluate(ctx, *policies)
        role = "" if _within.get() else _role_of(ctx.principal_arn)
        if role:
            denied = result.decision != "Allow"
            trail.write(role=role, action=ctx.action, resource=ctx.resource_arn, denied=denied)
        return result

    iam_evaluator.evaluate = evaluate_and_record


def _role_of(principal: str) -> str:
    """Return the role that a principal is, or is a session of; nothing for others."""
    found = re.fullmatch(r"arn:aws:(?:iam|sts)::(\d+):(?:role|assumed-role)/([^/]+)(?:/.*)?", principal)
    return f"arn:aws:iam::{found[1]}:role/{found[2]}" if found else ""


def _keep_policies(trail: Trail, role_arn: str) -> None:
    """Write what a role was granted, which its own deletion would make forgotten."""
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name)
    for policy, document in (role["InlinePolicies"] if role else {}).items():
        trail.write(
            role=role_arn, policy=policy, document=json.loads(document) if isinstance(document, str) else document
        )


def _role(access_key: str) -> str:
    """Return the role whose session holds an access key; nothing for users and root."""
    identity = _known_identity(access_key) if access_key.startswith("ASIA") else {}
    return str(identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn", ""))


@functools.lru_cache(maxsize=4096)
def _known_identity(access_key: str) -> dict[str, Any]:
    """Return the identity of a session's key, which is one session's for ever."""
    return _identity(access_key)


def _kind(arn: str) -> str:
    """Return how CloudTrail calls a kind of resource, as near as an ARN tells: AWS::<service>."""
    return f"AWS::{arn.split(':')[2]}"


def _identity(access_key: str) -> dict[str, Any]:
    """Return CloudTrail's userIdentity element of whoever holds an access key; of the account where nobody does."""
    caller = iam_evaluator.resolve_credential(access_key, get_account_id())
    if isinstance(caller, iam_evaluator.CredentialResolutionError):
        return {"type": "AWSAccount", "arn": f"arn:aws:iam::{get_account_id()}:root", "accountId": get_account_id()}
    known = "IAMUser" if caller.principal_type == "User" else caller.principal_type
    identity = {
        "type": known,
        "principalId": caller.principal_id,
        "arn": caller.principal_arn,
        "accountId": caller.account_id,
        "accessKeyId": access_key,
    }
    if known == "IAMUser":
        return {**identity, "userName": caller.principal_name}
    if known == "AssumedRole":
        name = caller.principal_arn.split("/")[1]
        role = {"type": "Role", "arn": f"arn:aws:iam::{caller.account_id}:role/{name}", "userName": name}
        return {**identity, "sessionContext": {"sessionIssuer": {**role, "accountId": caller.account_id}}}
    return identity
