"""Permissions that the repository names exist in AWS's Service Authorization Reference."""

import re
from pathlib import Path

import pytest

from fairway.delivery.audit_record import REASONS, read_reasons
from fairway.delivery.authorization import actions_like, resource_formats

ROOT = Path(__file__).parents[2]
TERRAFORM = sorted(path for path in (ROOT / "terraform").rglob("*.tf") if ".terraform" not in path.parts)
# A service and an operation: a condition key's second part is no name in capitals, and has a slash or is small.
ACTION = re.compile(r'"([a-z0-9-]+:[A-Z][A-Za-z]*\*?)"')
CONDITION_KEY = re.compile(r'"([a-z0-9-]+:[A-Z]\w+)"\s*=')


def actions(path: Path) -> set[str]:
    text = path.read_text()
    return set(ACTION.findall(text)) - set(CONDITION_KEY.findall(text))


NAMED = {action for path in TERRAFORM for action in actions(path)}


def test_policies_are_found():
    assert {"s3:GetObject", "iam:PassRole", "sagemaker:CreateEndpoint"} <= NAMED
    assert "iam:PassedToService" not in NAMED


@pytest.mark.parametrize("action", sorted(NAMED))
def test_every_action_of_a_policy_exists(action):
    assert resource_formats(action) is not None, f"AWS has no action {action}"
    if "*" not in action:
        assert action in actions_like(action), f"AWS writes it {actions_like(action)}"


def test_the_reasons_of_idle_permissions_are_about_actions_that_policies_grant():
    reasons = read_reasons(ROOT / REASONS)
    assert {action for reason in reasons for action in reason.actions} <= NAMED
    builds = {role.removeprefix("build-") for reason in reasons for role in reason.roles if role.startswith("build-")}
    assert builds <= {path.stem for path in (ROOT / "buildspecs").glob("*.yml")}
    pairs = [(role, action) for reason in reasons for role in reason.roles for action in reason.actions]
    assert len(pairs) == len(set(pairs)), "a role and an action have one reason"
