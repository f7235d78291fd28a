"""All that is touched of ministack beyond its HTTP interface; tests/integration/twin/test_base.py tests each of it.

Importing this module loads ministack, whose settings are read at its import: `configure` comes first, in `settings.py`.
"""

import contextlib
import json
import logging
import secrets
from typing import TYPE_CHECKING, Any

from ministack import app as ministack
from ministack.core import iam_actions, iam_evaluator, responses, router
from ministack.services import cloudtrail, eventbridge, iam, sts

from fairway.twin.context import Credentials, RoleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

logger = logging.getLogger(__name__)

application = ministack.app

_ALIAS_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def serves(scope: str) -> bool:
    """Tell whether ministack has the service that a request's credential scope names."""
    known = {*ministack.SERVICE_HANDLERS, *ministack.SERVICE_NAME_ALIASES}
    return scope in known or any(
        pattern.get("credential_scope") == scope for pattern in router.SERVICE_PATTERNS.values()
    )


# -- who calls, and may they ------------------------------------------------------------------------------------------


class RefusedError(Exception):
    """A request whose signature or policies do not allow it; `code` and the message are AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def acting_in(account: str, region: str) -> "Iterator[None]":
    """Let ministack's stores answer for an account and a region, in this thread or task."""
    account_token = responses._request_account_id.set(account)  # noqa: SLF001
    region_token = responses._request_region.set(region)  # noqa: SLF001
    try:
        yield
    finally:
        responses._request_account_id.reset(account_token)  # noqa: SLF001
        responses._request_region.reset(region_token)  # noqa: SLF001


class Caller:
    """The signed request of a caller, checked against its signature once and against its policies for each action."""

    def __init__(
        self,
        *,
        method: str,
        path: str,
        query: "Mapping[str, Sequence[str]]",
        headers: "Sequence[tuple[bytes, bytes]]",
        body: bytes,
        region: str,
    ) -> None:
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
        self.access_key = router.extract_access_key_id(named, query) or ""
        self.region = region
        try:
            tenant = iam_evaluator.find_iam_access_key_account(self.access_key) or self.access_key
        except iam_evaluator.AmbiguousAccessKeyError as error:
            raise RefusedError(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            ) from error
        responses.set_request_account_id(tenant)
        responses.set_request_region(region)
        iam_evaluator.pin_request_origin("127.0.0.1", True)  # noqa: FBT003 -- the gateway says so to ministack too
        iam_evaluator.pin_signed_request(method, path, query, headers)
        iam_evaluator.pin_signed_body(body)
        self.account: str = responses.get_account_id()
        self.arn: str = iam_evaluator.request_caller_arn(named, query)

    def authorize(self, action: str, resource: str, context: "Mapping[str, Any] | None" = None) -> None:
        """Raise RefusedError unless the caller is who it says and its policies allow the action on the resource."""
        service = action.partition(":")[0]
        denied = iam_evaluator.enforce(
            self.access_key, action, service, self.region, resource_arn=resource, service_context=dict(context or {})
        )
        if isinstance(denied, iam_evaluator.AuthError):
            raise RefusedError(iam_actions._AUTH_FAILURES[denied.code][2], denied.message)  # noqa: SLF001
        if denied is not None:
            explicit = denied.decision == "Deny"
            raise RefusedError(
                "AccessDeniedException",
                iam_actions.identity_denial_message(action, denied.principal_arn, resource, explicit),
            )

    def check_policy(self, action: str, resource: str, policy: str | None, owner: str) -> None:
        """Raise RefusedError if a resource's own policy denies, or, in another account, does not allow."""
        context = iam_evaluator.EvalContext(
            principal_arn=self.arn,
            principal_type="",
            principal_account=self.account,
            action=action,
            resource_arn=resource,
            region=self.region,
        )
        decision = iam_evaluator.evaluate_resource_policy(policy, context).decision
        if decision == "Deny" or (owner != self.account and decision != "Allow"):
            reason = (
                "with an explicit deny in a resource-based policy"
                if decision == "Deny"
                else f"because no resource-based policy allows the {action} action"
            )
            sentence = f"User: {self.arn} is not authorized to perform: {action} on resource: {resource} {reason}"
            raise RefusedError("AccessDeniedException", sentence)


# -- roles ------------------------------------------------------------------------------------------------------------


def _stored_role(role_arn: str) -> "dict[str, Any] | None":
    parts = role_arn.split(":", 5)
    if len(parts) < 6 or not parts[5].startswith("role/"):
        return None
    role = iam._roles.get_scoped(parts[4], None, parts[5].rsplit("/", 1)[-1])  # noqa: SLF001
    return role if role is not None and role["Arn"] == role_arn else None


def check_trust(role_arn: str, service: str) -> None:
    """Raise RoleError, with SageMaker's sentence, unless the role exists and lets the service assume it."""
    role = _stored_role(role_arn)
    if role is None or not _trusts(role, service):
        raise RoleError(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal '{service}' to "
            "assume the role."
        )


def _trusts(role: "dict[str, Any]", service: str) -> bool:
    account = role["Arn"].split(":")[4]
    context = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn="*",
        region="",
        service_context={"aws:sourceaccount": account},
    )
    policy = role["AssumeRolePolicyDocument"]
    return bool(iam_evaluator.evaluate_resource_policy(policy, context, service=service).decision == "Allow")


def role_allows(role_arn: str, action: str, resource: str) -> bool:
    """Tell whether the policies of a role allow an action, as far as they do not depend on a request."""
    role = _stored_role(role_arn)
    if role is None:
        return False
    account = role_arn.split(":")[4]
    context = iam_evaluator.EvalContext(
        principal_arn=role_arn,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=resource.split(":")[3],
    )
    policies = iam_evaluator._gather_role_policies(role["RoleName"], account)  # noqa: SLF001
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def assume_for_service(role_arn: str, *, service: str, session: str) -> Credentials:
    """Open a session of a role that trusts the service; it lasts as long as the twin, as no process could renew it."""
    check_trust(role_arn, service)
    role = _stored_role(role_arn)
    assert role is not None  # noqa: S101 -- check_trust has just seen it
    access_key = "ASIA" + "".join(secrets.choice(_ALIAS_CHARACTERS) for _ in range(16))
    secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(120)
    account = role_arn.split(":")[4]
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/{session}",
            "UserId": f"{role['RoleId']}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return Credentials(access_key, secret, token)


# -- events and the trail ---------------------------------------------------------------------------------------------


def put_event(entry: "Mapping[str, Any]", *, account: str, region: str) -> None:
    """Put an event of a source aws.*, which PutEvents refuses to everybody but AWS."""
    with acting_in(account, region):
        eventbridge._put_events({"Entries": [dict(entry)]}, allow_aws_source=True)  # noqa: SLF001


def record_call(
    caller: Caller, *, service: str, operation: str, request_id: str, user_agent: str, parameters: "Mapping[str, Any]"
) -> None:
    """Let CloudTrail show a call of one of the twin's own services."""
    with acting_in(caller.account, caller.region):
        cloudtrail.record_event(
            service=service,
            event_name=operation,
            username=caller.access_key,
            access_key_id=caller.access_key,
            resources=[],
            region=caller.region,
            request_id=request_id,
            user_agent=user_agent,
            request_params=json.loads(json.dumps(parameters, default=str)),
            method="POST",
        )
