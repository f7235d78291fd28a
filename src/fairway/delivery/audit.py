"""Least privilege, compared: what roles did, beside what their policies let them do."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fairway.errors import PolicyError


@dataclass(frozen=True)
class Call:
    """What IAM was asked for a role, and whether it was refused."""

    role: str
    action: str
    resource: str
    denied: bool = False


@dataclass(frozen=True)
class Grant:
    """A statement that allows: of a role's inline policy, or of a managed one that is attached to it."""

    role: str
    policy: str
    statement: str
    """Its Sid, or its place in the policy."""
    actions: tuple[str, ...]
    resources: tuple[str, ...]


class Reason(BaseModel):
    """Why actions are granted to roles of some kinds although a rehearsal may not use them.

    On `aws`: only AWS makes the call. On an `occasion`: something makes it that not every rehearsal does. Where it is
    `optional`, the actions are granted only if an environment declares what needs them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: tuple[str, ...] = Field(min_length=1)
    actions: tuple[str, ...] = Field(min_length=1)
    on: Literal["aws", "occasion"]
    reason: str = Field(min_length=20)
    optional: bool = False


@dataclass(frozen=True)
class Unused:
    """An action of a statement that no role of a kind has used."""

    kind: str
    policy: str
    statement: str
    action: str


@dataclass(frozen=True)
class Denied:
    """Calls of one action that were refused to the roles of a kind; `allowed_by` has a statement that names them."""

    kind: str
    action: str
    resources: tuple[str, ...]
    count: int
    allowed_by: Grant | None


KindOf = Callable[[str], str]
"""From a role's ARN to what it is: roles that one module makes for each environment are of one kind."""


def kinds(project: str, environments: Iterable[str]) -> KindOf:
    """Return how roles are told apart: by name, without the project's, and without the environment's."""
    names = "|".join(map(re.escape, environments))
    environment = re.compile(rf"(?<![^-])(?:{names})(?![^-])")
    return lambda role: environment.sub("<environment>", role.rpartition("/")[2].removeprefix(f"{project}-"))


def grants_in(role: str, policy: str, document: Mapping[str, Any]) -> list[Grant]:
    """Return the statements of a policy that allow; `PolicyError` for one that says what it does *not* allow."""
    grants = []
    for number, statement in enumerate(_several(document["Statement"]), start=1):
        if statement["Effect"] != "Allow":
            continue  # a denial grants nothing that could be unused
        name = statement.get("Sid") or f"statement {number}"
        for member in ("NotAction", "NotResource"):
            if member in statement:
                raise PolicyError(role, policy, name, member)
        grants.append(
            Grant(role, policy, name, tuple(_several(statement["Action"])), tuple(_several(statement["Resource"])))
        )
    return grants


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def covers(grant: Grant, call: Call) -> bool:
    """Whether a statement names a call's action and resource; its conditions are not looked at."""
    return any(_like(each, call.action, ignore_case=True) for each in grant.actions) and any(
        _like(each, call.resource) for each in grant.resources
    )


def _like(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 -- a key of the cache
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(regex, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


Rows = Mapping[tuple[str, str, str], tuple[int, int]]
"""By role, action and resource: how many calls were allowed, and how many denied."""


def rows(record: Mapping[Call, int], grants: Sequence[Grant]) -> Rows:
    """Count calls; a resource that a statement covers by a pattern is counted as that pattern."""
    counted: dict[tuple[str, str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    mine = _by_role(grants)
    for call, count in sorted(record.items(), key=lambda item: (item[0].role, item[0].action, item[0].resource)):
        names = [
            each for grant in mine[call.role] if covers(grant, call) for each in grant.resources
            if _like(each, call.resource)
        ]  # fmt: skip
        key = (call.role, call.action, names[0] if names and not call.denied else call.resource)
        allowed, denied = counted[key]
        counted[key] = (allowed, denied + count) if call.denied else (allowed + count, denied)
    return dict(counted)


def _by_role(grants: Iterable[Grant]) -> Mapping[str, list[Grant]]:
    found: dict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        found[grant.role].append(grant)
    return found


def denied(record: Mapping[Call, int], grants: Sequence[Grant], kind_of: KindOf) -> list[Denied]:
    """Return the calls that were denied, by kind of role and action."""
    mine = _by_role(grants)
    found: dict[tuple[str, str, Grant | None], Counter[str]] = defaultdict(Counter)
    for call, count in record.items():
        if call.denied:
            grant = next((each for each in mine[call.role] if covers(each, call)), None)
            found[kind_of(call.role), call.action, grant][call.resource] += count
    return [
        Denied(kind, action, tuple(sorted(resources)), resources.total(), grant)
        for (kind, action, grant), resources in sorted(found.items(), key=lambda item: item[0][:2])
    ]


def unused(record: Mapping[Call, int], grants: Sequence[Grant], kind_of: KindOf) -> list[Unused]:
    """Return the actions of statements that no role of their kind has used."""
    calls: dict[str, set[Call]] = defaultdict(set)
    for call in record:
        if not call.denied:
            calls[call.role].add(call)
    used: dict[Unused, bool] = {}
    for grant in grants:
        seen = {call.action for call in calls[grant.role] if covers(grant, call)}
        for action in grant.actions:
            each = Unused(kind_of(grant.role), kind_of(grant.policy), grant.statement, action)
            used[each] = used.get(each, False) or any(_like(action, name, ignore_case=True) for name in seen)
    return [each for each, was_used in used.items() if not was_used]


def without_reason(found: Iterable[Unused], reasons: Sequence[Reason]) -> list[Unused]:
    """Return what is unused for no reason that was given."""
    given = {(role, action) for reason in reasons for role in reason.roles for action in reason.actions}
    return [each for each in found if (each.kind, each.action) not in given]


def stale(
    reasons: Sequence[Reason], found: Iterable[Unused], grants: Iterable[Grant], kind_of: KindOf
) -> list[tuple[str, str, str]]:
    """Return the kinds and actions whose reason does not hold, and why: not granted, or used, though only by AWS."""
    unused_ones = {(each.kind, each.action) for each in found}
    granted = {(kind_of(grant.role), action) for grant in grants for action in grant.actions}
    present = {kind for kind, _ in granted}
    problems = []
    for reason in reasons:
        for pair in ((role, action) for role in reason.roles for action in reason.actions if role in present):
            if pair not in granted:
                problems += [] if reason.optional else [(*pair, "is granted no longer")]
            elif pair not in unused_ones and reason.on == "aws":
                problems.append((*pair, "was used"))
    return problems
