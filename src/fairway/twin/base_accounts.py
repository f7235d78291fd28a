"""Requests that cross accounts, where ministack looks only into the caller's: another registry of ECR, and who calls.

Like `base`, this touches what is not ministack's documented interface; tests/integration/twin/test_accounts.py holds
it.
"""
# ruff: noqa: SLF001

import json
from typing import Any

from ministack.core import iam_actions, iam_evaluator, responses
from ministack.services import ecr, iam

from fairway.twin import base


def install() -> None:
    """Replace what ministack looks up by name at each call."""
    _let_registries_be_named()
    _let_repositories_be_another_accounts()
    _let_policies_name_the_principal()


def _let_registries_be_named() -> None:
    """Evaluate a call that names a registry against that registry's repository."""
    extract = iam_actions.extract_resource_arn

    def extract_in_registry(  # noqa: PLR0917 -- ministack's own signature
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        owner = (_registry_in(body) if service == "ecr" else "") or account
        return str(extract(service, method, path, headers, body, query, region, owner))

    iam_actions.extract_resource_arn = extract_in_registry


def _let_repositories_be_another_accounts() -> None:
    """Answer from the registry that is named, whose policy was asked before: both accounts must allow."""
    handle, policy_of = ecr.handle_request, ecr.repository_policy_for_arn

    async def handle_in_registry(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        with base.acting_in(_registry_in(body) or responses.get_account_id(), responses.get_region()):
            return await handle(method, path, headers, body, query)

    def policy_in_registry(arn: str) -> Any:
        region, account = arn.split(":")[3:5]
        with base.acting_in(account, region):
            return policy_of(arn)

    ecr.handle_request = handle_in_registry
    ecr.repository_policy_for_arn = policy_in_registry


def _registry_in(body: bytes) -> str:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return ""
    return str(document.get("registryId") or "") if isinstance(document, dict) else ""


def _let_policies_name_the_principal() -> None:
    """Let aws:PrincipalArn be a session's role, as on AWS, and the caller where S3 only tells its account."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_principal(key: str, ctx: Any) -> Any:
        return _principal(ctx) if key.lower() == "aws:principalarn" else resolve(key, ctx)

    iam_evaluator._resolve_condition_key = resolve_principal


def _principal(ctx: Any) -> str:
    arn, caller = str(ctx.principal_arn), iam_evaluator.caller_arn()
    if arn.endswith(":root") and caller.split(":")[4] == ctx.principal_account:
        arn = caller
    account, _, resource = arn.partition(":sts::")[2].partition(":")
    if not resource.startswith("assumed-role/"):
        return arn
    name = resource.split("/")[1]
    role = iam._roles.get_scoped(account, None, name)
    return str(role["Arn"]) if role else arn
