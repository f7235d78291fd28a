"""A trigger that names other pushes: nothing starts, and whoever waits is told what the pipeline listens to."""

import copy
from typing import Any

import pytest
from tests.integration.wiring.faults import MODEL
from tests.integration.wiring.line import Line

from fairway.errors import PipelineSilentError
from fairway.rehearsal import board as boards
from fairway.rehearsal.board import Board

pytestmark = pytest.mark.long

FILE = "src/model/__init__.py"


def pushed(line: Line, triggers: list[dict[str, Any]]) -> Board:
    """Push a change of the model with these triggers, which start the source alone; wait as the rehearsal does."""

    def listen(pipeline: dict[str, Any]) -> None:
        pipeline["triggers"] = triggers
        pipeline["stages"][1]["actions"][0]["configuration"]["ProjectName"] = "none"  # it ends there

    board = Board(line.client, [MODEL], lambda approval: approval.summary)
    with line.declared(MODEL, line.only("Test/unit"), listen), line.edited(FILE, r"\Z", "\n# Changed.\n"):
        commit = line.checkout.git("rev-parse", "HEAD").strip()
        with board.following():
            board.wait(MODEL, commit, wanted="Failed")
    return board


def test_a_push_of_what_is_listened_to_starts_the_pipeline(line: Line) -> None:
    board = pushed(line, line.triggers[MODEL])
    assert [action.name for run in board.runs.values() for action in run.actions][:2] == ["source", "unit"]


@pytest.mark.parametrize(
    ("what", "wrong"), [("branches", "mian"), ("filePaths", "src/models/**")], ids=["another branch", "other files"]
)
def test_a_push_of_anything_else_starts_nothing(
    line: Line, monkeypatch: pytest.MonkeyPatch, what: str, wrong: str
) -> None:
    monkeypatch.setattr(boards, "RUN_SECONDS", 3.0)  # looked at twelve times
    triggers = copy.deepcopy(line.triggers[MODEL])
    triggers[0]["gitConfiguration"]["push"][0][what]["includes"] = [wrong]
    with pytest.raises(PipelineSilentError, match=MODEL) as silent:
        pushed(line, triggers)
    assert wrong in str(silent.value)
