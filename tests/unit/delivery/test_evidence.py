"""The bodies of pull requests, whole, beside this file in evidence/: `UPDATE_GOLDEN=1 pytest` writes them again."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.delivery.samples import evaluation, release

from fairway.delivery import evaluation as evaluations
from fairway.delivery.evidence import LIMIT, SHOWN, Evidence, render

FOLDER = Path(__file__).parent / "evidence"

OLD_SLICES = {
    "origin": {"JFK": {"auc": 0.72, "rows": 9100.0}, "LGA": {"auc": 0.65, "rows": 8000.0}, "EWR": {"auc": 0.7}},
    "carrier": {"9E": {"auc": 0.75, "log_loss": 0.5, "rows": 12.0}},
}
NEW_SLICES = {
    "origin": {"JFK": {"auc": 0.7, "rows": 9000.0}, "LGA": {"auc": 0.69, "rows": 8000.0}, "SWF": {"auc": 0.1}},
    "carrier": {"9E": {"auc": 0.7, "log_loss": 0.55, "rows": 11.0}},
}
PLAN = """Plan: 2 to add, 1 to change, 2 to destroy.
module.platform.aws_sagemaker_endpoint.this[0] will be updated in-place
"""


def parsed(**changes):
    return evaluations.parse(evaluation(**changes), "s3://bucket/evaluation.json")


FULL = Evidence(
    environment="staging",
    release=release("8", metrics={"auc": 0.7123, "log_loss": 0.53, "late_rate": 0.24, "brier": 0.1, "rows": 24_103.0}),
    source="dev",
    champion=release("7", metrics={"auc": 0.701, "log_loss": 0.52, "late_rate": 0.24, "recall": 0.3, "rows": 23_950.0}),
    evaluation=parsed(slices=NEW_SLICES),
    champion_evaluation=parsed(slices=OLD_SLICES),
    plan=PLAN,
    commits="https://github.com/example/flights/commit/",
)
FIRST = replace(FULL, champion=None, champion_evaluation=None, plan=None, commits=None)
BACK = replace(
    FULL, source=None, reason="Quality fell after the deploy.", plan=None,
    champion_evaluation=parsed(test="e", slices=NEW_SLICES),
)  # fmt: skip
WITHOUT = replace(
    FULL, evaluation=None, champion_evaluation=None, notes=("The evaluation of version 8 cannot be shown: it is gone.",)
)


@pytest.mark.parametrize(
    ("name", "evidence"), [("promotion", FULL), ("first", FIRST), ("rollback", BACK), ("without-evaluations", WITHOUT)]
)
def test_the_body_is_as_it_was(name, evidence):
    path = FOLDER / f"{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(render(evidence))
    assert render(evidence) == path.read_text()


def test_the_order_in_which_things_are_told_decides_nothing():
    def backwards(value):
        return {key: backwards(each) for key, each in reversed(value.items())} if isinstance(value, dict) else value

    told = backwards(evaluation(slices=NEW_SLICES))
    turned = replace(
        FULL, evaluation=evaluations.parse(told, "there"), release=release("8", metrics=backwards(FULL.release.metrics))
    )
    assert render(turned) == render(FULL)


@pytest.mark.parametrize(
    ("goal", "old", "new", "word"),
    [
        ("maximize", 0.7, 0.71, "better"),
        ("maximize", 0.71, 0.7, "**worse**"),
        ("minimize", 0.7, 0.71, "**worse**"),
        ("minimize", 0.71, 0.7, "better"),
        ("maximize", 0.7, 0.7, "same"),
        (None, 0.7, 0.71, ""),
    ],
)
def test_a_change_is_judged_by_what_the_gate_wants(goal, old, new, word):
    told = evaluation()
    told["gate"]["goals"] = {"auc": goal} if goal else {}
    body = render(
        replace(FULL, release=release("8", metrics={"auc": new}), champion=release("7", metrics={"auc": old}),
                evaluation=evaluations.parse(told, "there"))
    )  # fmt: skip
    row = next(line for line in body.splitlines() if line.startswith("| `auc`"))
    assert row.split("|")[-2].strip() == word


def test_many_slices_are_counted():
    slices = {"tail": {f"N{number:03}": {"auc": 0.5 - number / 1000, "rows": 5.0} for number in range(60)}}
    before = {"tail": {f"N{number:03}": {"auc": 0.5, "rows": 5.0} for number in range(60)}}
    body = render(replace(FULL, evaluation=parsed(slices=slices), champion_evaluation=parsed(slices=before)))
    assert "59 of 60 comparisons" in body
    assert f"… and {59 - SHOWN} more comparisons." in body
    listed = re.findall(r"tail = (N\d+)", body)
    assert (len(listed), listed[0]) == (SHOWN, "N059")


def test_a_long_plan_is_counted_and_cannot_leave_its_fence():
    body = render(replace(FULL, plan="```\n# a heading\n" + "x" * 500 + "\n" + "line\n" * 200))
    assert "\n````text\n```\n# a heading\n" in body
    assert "… and 103 more lines." in body
    assert "x" * 201 not in body


def test_a_reason_of_many_lines_is_quoted_as_it_was_said():
    body = render(replace(FULL, reason="The alarm fired.\n# 12 of 90 requests failed\n"))
    assert "\nReason:\n\n```text\nThe alarm fired.\n# 12 of 90 requests failed\n```\n" in body


def test_the_models_own_words_cannot_break_a_table():
    told = evaluation()
    told["lineage"]["hyperparameters"] = {"a|b": "`x`\n| y"}
    body = render(replace(FULL, evaluation=evaluations.parse(told, "there")))
    assert "`a\\|b` = `'x' \\| y`" in body


def test_a_body_is_never_longer_than_github_takes():
    many = {f"metric_{number:05}": 0.5 for number in range(20_000)}
    body = render(replace(FULL, release=release("8", metrics=many)))
    assert len(body) <= LIMIT
    assert body.endswith(
        "… cut here: a pull request's text has 65,536 characters at most. The model registry holds all of it.\n"
    )
