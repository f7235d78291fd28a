"""What IAM tells a policy of the permissions boundary: the condition key `iam:PermissionsBoundary`.

Part of `base`; tests/integration/twin/test_boundaries.py holds it. ministack keeps boundaries and evaluates what they
allow, but a policy that asks for one finds no such key.
"""
# ruff: noqa: SLF001

from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions
from ministack.services import iam

# Of these the boundary is what the request gives the role; of the others, what the role has.
_GIVING = ("iam:CreateRole", "iam:PutRolePermissionsBoundary")


def install() -> None:
    """Let conditions on the boundary of a role be evaluated."""
    known = iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        boundary = _boundary(action, body) if service == "iam" else None
        return {**known(service, action, body, params), **({"iam:PermissionsBoundary": boundary} if boundary else {})}

    iam_actions.request_tag_context = context


def _boundary(action: str, body: bytes) -> str | None:
    form = parse_qs(body.decode("latin-1"))
    if action in _GIVING:
        return form.get("PermissionsBoundary", [None])[0]
    role = iam._roles.get(form.get("RoleName", [""])[0])
    return role["PermissionsBoundary"] if role else None
