"""What an audit compares: the record that the twin keeps, the policies of the project's roles, and the reasons."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fairway.delivery.audit import Call, Grant, Reason, covers, grants_in
from fairway.errors import AuditError, ReasonsFileError

REASONS = Path("terraform/unused_permissions.json")


@dataclass
class Record:
    """What the twin has written down of the project's roles since it was started."""

    calls: Counter[Call] = field(default_factory=Counter)
    after: Counter[Call] = field(default_factory=Counter)
    """Those denied to a role after a policy of it was deleted: its last words, if the role is gone as well."""
    gone: dict[str, dict[str, list[Grant]]] = field(default_factory=dict)
    """By role and policy, what was granted before it was deleted."""

    def add(self, told: Mapping[str, Any]) -> None:
        """Take in a line of the file."""
        role = told["role"]
        if "policy" in told:
            self.gone.setdefault(role, {})[told["policy"]] = grants_in(role, told["policy"], told["document"])
            return
        call = Call(role, told["action"], told["resource"], told["denied"])
        was_named = (covers(grant, call) for grants in self.gone.get(role, {}).values() for grant in grants)
        (self.after if call.denied and any(was_named) else self.calls)[call] += 1

    def beside(self, present: Mapping[str, list[Grant]]) -> tuple[Counter[Call], list[Grant]]:
        """Return the calls to judge and the grants to judge them by, `present` being those of the roles there are."""
        past = {role: [grant for grants in found.values() for grant in grants] for role, found in self.gone.items()}
        late = Counter({call: count for call, count in self.after.items() if call.role in present})
        return self.calls + late, [grant for grants in {**past, **present}.values() for grant in grants]


def read_record(path: Path, prefix: str) -> Record:
    """Read the record of the roles whose names begin with a prefix; `AuditError` where there is no record."""
    record = Record()
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                told = json.loads(line)
                if told["role"].rpartition("/")[2].startswith(prefix):
                    record.add(told)
    except FileNotFoundError as error:
        raise AuditError(f"the twin's record {path} is gone: `make down` and `make demo` make another") from error
    return record


def read_grants(iam: Any, prefix: str) -> dict[str, list[Grant]]:
    """Return what an account's roles whose names begin with a prefix are granted."""
    pages = iam.get_paginator("list_roles").paginate()
    roles = [role for page in pages for role in page["Roles"] if role["RoleName"].startswith(prefix)]
    return {
        role["Arn"]: [
            grant
            for policy, document in _policies(iam, role["RoleName"])
            for grant in grants_in(role["Arn"], policy, document)
        ]
        for role in roles
    }


def _policies(iam: Any, role: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            yield name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for attached in page["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
            yield attached["PolicyName"], document


_REASONS = TypeAdapter(list[Reason])


def read_reasons(path: Path) -> list[Reason]:
    """Return the reasons in a file; every mistake in it is one sentence."""
    try:
        return _REASONS.validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ReasonsFileError(path.name, "it does not exist") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ReasonsFileError(path.name, f"{where}: {first['msg']}") from error
