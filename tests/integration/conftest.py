"""One twin for all tests of a session; they share its account and therefore name what they make apart.

Each of `make`'s workers has a session, and a twin, of its own.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.integration.running import RunningTwin, start_twin

_numbers = itertools.count()


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTwin]:
    running = start_twin(tmp_path_factory.mktemp("twin") / "twin")
    yield running
    assert running.stop() == 0
    assert running.processes() == []


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Return names that no other test uses."""
    return lambda stem: f"{stem}-{next(_numbers)}"


@pytest.fixture
def role(twin: RunningTwin, unique: Callable[[str], str]) -> Callable[..., str]:
    """Make roles: `role("sagemaker.amazonaws.com", statement, …)` returns the ARN; an account may be trusted too."""

    def make(principal: str, *statements: dict[str, Any]) -> str:
        iam, name = twin.client("iam"), unique("role")
        who = {"Service": principal} if "." in principal else {"AWS": f"arn:aws:iam::{principal}:root"}
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}],
        }
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        allow(twin, arn, *statements)
        return str(arn)

    return make


def allow(twin: RunningTwin, role_arn: str, *statements: dict[str, Any]) -> None:
    """Let the role have these statements and no others."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
    name = role_arn.rpartition("/")[2]
    if statements:
        twin.client("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy))


@pytest.fixture
def as_role(twin: RunningTwin, role: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """Return credentials of a new role of people that has the given statements."""

    def assume(*statements: dict[str, Any]) -> dict[str, Any]:
        arn = role(twin.account, *statements)
        answer = twin.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")
        return dict(answer["Credentials"])

    return assume
