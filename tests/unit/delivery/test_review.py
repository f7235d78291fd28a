import json
from dataclasses import replace
from pathlib import Path

import pytest

from fairway.delivery import review
from fairway.delivery.review import Review
from fairway.delivery.terraform import Plan
from fairway.errors import PlanNotApprovedError

TOLD = Review("prod", "a" * 40, changes=True, summary="Plan: 1 to add.", evidence="https://example.com/pull/7")


def written(folder: Path, told: Review = TOLD, plan: bytes = b"the plan") -> str:
    (folder / "plan.tfplan").write_bytes(plan)
    return review.write(folder, told, ["# what Terraform said"])


def approved(folder: Path, digest: str, **other: str) -> Plan:
    return review.approved(folder, **{"environment": "prod", "commit": "a" * 40, "sha256": digest, **other})


def test_what_was_looked_at_is_what_is_applied(tmp_path: Path):
    sha256 = written(tmp_path)
    assert review.read(tmp_path) == TOLD
    assert approved(tmp_path, sha256) == Plan(tmp_path / "plan.tfplan", changes=True)
    assert (tmp_path / "plan.txt").read_text() == "# what Terraform said\n"


def test_a_plan_without_changes_keeps_no_plan_file(tmp_path: Path):
    sha256 = written(tmp_path, replace(TOLD, changes=False))
    assert not (tmp_path / "plan.tfplan").exists()
    assert not approved(tmp_path, sha256).changes


def test_another_plan_is_refused(tmp_path: Path):
    sha256 = written(tmp_path)
    (tmp_path / "plan.tfplan").write_bytes(b"another plan")
    with pytest.raises(PlanNotApprovedError, match="digest of the plan"):
        approved(tmp_path, sha256)


def test_other_words_about_the_same_plan_are_refused(tmp_path: Path):
    sha256 = written(tmp_path)
    told = json.loads((tmp_path / "review.json").read_text())
    (tmp_path / "review.json").write_text(json.dumps(told | {"summary": "No changes."}))
    with pytest.raises(PlanNotApprovedError, match="digest of the plan"):
        approved(tmp_path, sha256)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"environment": "dev"}, "the environment of the plan is prod, and dev was approved"),
        ({"commit": "b" * 40}, "the commit of the plan is a{40}, and b{40} was approved"),
        ({"sha256": ""}, "and none was approved"),
    ],
)
def test_an_approval_of_something_else_is_refused(tmp_path: Path, other: dict[str, str], words: str):
    sha256 = written(tmp_path)
    with pytest.raises(PlanNotApprovedError, match=words):
        approved(tmp_path, sha256, **other)


def test_no_plan_and_what_is_no_plan_are_named(tmp_path: Path):
    with pytest.raises(PlanNotApprovedError, match=r"holds no review\.json"):
        approved(tmp_path, "c" * 64)
    (tmp_path / "review.json").write_text('{"environment": "prod"}')
    with pytest.raises(PlanNotApprovedError, match="is not what the plan's stage wrote"):
        approved(tmp_path, "c" * 64)
