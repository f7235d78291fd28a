"""What an audit says: the statement that a denied call lacks, and statements that can grant nothing."""

import json
from collections.abc import Iterable, Sequence

from fairway.delivery import authorization
from fairway.delivery.audit import Denied, Grant, KindOf, Reason, Unused


def statement_for(denied: Denied, *, region: str, account: str) -> dict[str, object]:
    """Return the least statement that allows what was denied: the resources of the calls, if the action knows any."""
    formats = authorization.resource_formats(denied.action) or frozenset()
    if not formats:
        resources = ["*"]
    elif "*" in denied.resources:  # the twin could not tell which one
        resources = sorted(authorization.filled(each, region=region, account=account) for each in formats)
    else:
        resources = list(denied.resources)
    return {
        "Effect": "Allow",
        "Action": denied.action,
        "Resource": resources[0] if len(resources) == 1 else resources,
    }


def misfits(grants: Iterable[Grant], kind_of: KindOf) -> list[str]:
    """Return a sentence for each action that AWS does not have, or that knows none of its statement's resources.

    And for each resource that none of its statement's actions knows: it was meant for something that is not granted.
    """
    found: dict[str, None] = {}
    for grant in grants:
        where = f"{kind_of(grant.role)}: {kind_of(grant.policy)}/{grant.statement}"
        for action in grant.actions:
            problem = _problem(action, grant.resources)
            if problem:
                found[f"{where} allows {action}, {problem}."] = None
        for resource in grant.resources:
            if not any(authorization.knows(action, resource) for action in grant.actions):
                found[f"{where} names {resource}, which is no resource of any of its actions."] = None
    return list(found)


def _problem(action: str, resources: Sequence[str]) -> str:
    formats = authorization.resource_formats(action)
    if formats is None:
        return "which AWS does not have"
    if not formats and "*" not in resources:
        return 'which knows no resource: it is granted on "*" or not at all'
    if formats and not any(authorization.knows(action, each) for each in resources):
        return f"whose resources are {', '.join(sorted(formats))}; none of {', '.join(resources)} is one"
    return ""


def of_denied(denied: Denied, *, region: str, account: str) -> str:
    """Return what is to be done about a denied call."""
    told = f"{denied.kind} was denied {denied.action} {_times(denied.count)}"
    if denied.allowed_by is not None:
        where = f"{denied.allowed_by.policy}/{denied.allowed_by.statement}"
        return (
            f"{told} on {', '.join(denied.resources)}, which {where} names: its condition, the permissions boundary or "
            "the resource's own policy refused, or the statement was not there yet."
        )
    return f"{told}. Add:\n{json.dumps(statement_for(denied, region=region, account=account), indent=2)}"


def of_unused(unused: Sequence[Unused]) -> list[str]:
    """Return what is to be done about unused actions, a sentence for each statement."""
    by_statement: dict[tuple[str, str, str], list[str]] = {}
    for each in unused:
        by_statement.setdefault((each.kind, each.policy, each.statement), []).append(each.action)
    return [
        f"{kind} never used {', '.join(actions)} of {policy}/{statement}: remove it, or give the reason."
        for (kind, policy, statement), actions in by_statement.items()
    ]


def of_stale(stale: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return what is to be done about reasons that do not hold."""
    return [f"{role} has a reason for {action}, but it {why}: remove the reason." for role, action, why in stale]


def excused(unused: Iterable[Unused], reasons: Iterable[Reason]) -> dict[str, int]:
    """Return the reasons that were needed, with how many unused actions each explains."""
    found = {(each.kind, each.action) for each in unused}
    counted = {
        reason.reason: sum((role, action) in found for role in reason.roles for action in reason.actions)
        for reason in reasons
    }
    return {reason: count for reason, count in counted.items() if count}


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
