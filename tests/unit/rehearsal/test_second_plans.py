"""Second plans, with a Terraform that answers at once, or when it is told to."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from fairway.delivery.terraform import Plan
from fairway.errors import DriftAfterApplyError
from fairway.rehearsal import second_plans
from fairway.rehearsal.second_plans import SecondPlans


@pytest.fixture
def asked(monkeypatch):
    """What was planned. `prod` wants a change, `staging` waits."""
    found, go_on = [], threading.Event()

    class Provisioner:
        def __init__(self, _copy, *, listen, locking):
            assert not locking
            self._listen = listen

        def plan(self, root, *, file):
            found.append(root)
            if root == "staging":
                go_on.wait(10)
            self._listen(f"a change of {root}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            return Plan(file, changes=root == "prod")

    monkeypatch.setattr(second_plans, "Provisioner", Provisioner)
    return SimpleNamespace(found=found, go_on=go_on)


@pytest.fixture
def plans(tmp_path):
    copy: Any = SimpleNamespace(build=tmp_path, environments=["dev", "staging", "prod"])
    return SecondPlans(copy)


def test_what_is_planned_is_told_and_leaves_no_file(plans, asked, tmp_path):
    plans.look("delivery", "its apply")
    plans.look("dev", "version 1")
    plans.look("dev", "version 2")
    plans.settle()
    assert asked.found == ["delivery", "dev", "dev"]
    assert [(each.root, each.after) for each in plans.made] == [
        ("delivery", "its apply"), ("dev", "version 1"), ("dev", "version 2"),
    ]  # fmt: skip
    assert not list(tmp_path.rglob("*.tfplan"))


def test_nobody_waits_for_a_plan_but_who_changes_that_root(plans, asked):
    plans.look("staging", "version 1")
    plans.settle("dev")
    assert plans.made == []
    asked.go_on.set()
    plans.settle("staging")
    assert [each.root for each in plans.made] == ["staging"]


def test_a_plan_that_is_not_empty_ends_the_story(plans, asked):
    plans.look("prod", "version 1")
    with pytest.raises(DriftAfterApplyError, match=r"prod was applied, and[^\n]*\na change of prod"):
        plans.settle()
    assert asked.found == ["prod"]
    assert plans.made == []
