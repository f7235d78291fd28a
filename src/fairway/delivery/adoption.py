"""What a Terraform that died had made and not yet written into its state: found by its name, imported by the next plan.

Terraform writes its state every twenty seconds at most. What it made since is in AWS and in no state when it is killed,
and to make it again is refused ("already exists") or, for a key, makes a second one that costs as long as it lives.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from fairway.delivery.finders import FINDERS, Account, Finder, keys

_ABSENT = re.compile(r"NotFound|NoSuch|404|[Cc]ould not find|[Dd]oes ?[Nn]ot ?[Ee]xist")
"""How the services say that there is no such thing, in the code or in the words of their answer."""


@dataclass(frozen=True)
class Planned:
    """A resource that a plan would create, with what is known of it before it is."""

    address: str
    type: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A resource that a plan would create although it exists; `id` is what Terraform imports it by."""

    address: str
    id: str


def creations(plan: Mapping[str, Any]) -> list[Planned]:
    """Return what a plan, as `terraform show -json` tells it, would create where there was nothing."""
    changes = plan.get("resource_changes", [])
    return [
        Planned(each["address"], each["type"], each["change"]["after"])
        for each in changes
        if each["change"]["actions"] == ["create"] and each["mode"] == "managed"
    ]


def find(planned: Iterable[Planned], account: Account) -> list[Found]:
    """Return those that exist already, as far as their types are known."""
    asked = [(each, FINDERS[each.type]) for each in planned if each.type in FINDERS]
    found = [(each, _or_none(finder, account, each.values)) for each, finder in asked]
    return [Found(each.address, identity) for each, identity in found if identity]


def orphaned_keys(
    plan: Mapping[str, Any], found: Iterable[Found], tags: Mapping[str, str], account: Account
) -> list[str]:
    """Return the ARNs of keys with a root's tags that are in no state and not found either: they only cost."""
    before = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
    known = {each.id for each in found} | set(_key_ids(before))
    return [key["Arn"] for key in keys(account, tags) if key["KeyId"] not in known]


def _key_ids(module: Mapping[str, Any]) -> Iterator[str]:
    for each in module.get("resources", []):
        if (each["mode"], each["type"]) == ("managed", "aws_kms_key"):
            yield each["values"]["key_id"]
    for child in module.get("child_modules", []):
        yield from _key_ids(child)


def import_blocks(found: Iterable[Found]) -> str:
    """Return the Terraform that imports them."""
    # JSON strings are HCL strings, but for what HCL would take for a template.
    blocks = [f"import {{\n  to = {each.address}\n  id = {_quoted(each.id)}\n}}\n" for each in found]
    return "\n".join(blocks)


def _quoted(text: str) -> str:
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


def _or_none(finder: Finder, account: Account, values: Mapping[str, Any]) -> str | None:
    try:
        return finder(account, values)
    except ClientError as error:
        told = error.response["Error"]
        if _ABSENT.search(f"{told['Code']} {told.get('Message', '')}"):
            return None
        raise
