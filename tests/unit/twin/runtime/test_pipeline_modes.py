"""Execution modes as tables: who waits where, which stages are locked, and what happens."""

import pytest

from fairway.twin.runtime.pipeline_modes import Waiting, is_open, next_moves

STAGES = ("A", "B", "C")


def moves(mode, waiting, locked=(), disabled=()):
    found = next_moves(
        mode, STAGES, waiting=[Waiting(*one) for one in waiting], locked=set(locked), disabled=set(disabled)
    )
    return [(one.number, one.stage) for one in found.enter], [(one.number, one.stage) for one in found.superseded]


@pytest.mark.parametrize(
    ("mode", "waiting", "locked", "enter", "superseded"),
    [
        ("SUPERSEDED", [(1, "A")], "", [(1, "A")], []),
        ("SUPERSEDED", [(2, "A")], "A", [], []),
        ("SUPERSEDED", [(2, "A"), (3, "A")], "A", [], [(2, "A")]),
        ("SUPERSEDED", [(4, "B"), (2, "B"), (3, "B")], "", [(4, "B")], [(2, "B"), (3, "B")]),
        ("SUPERSEDED", [(2, "A"), (1, "B")], "", [(2, "A"), (1, "B")], []),
        ("SUPERSEDED", [(3, "A"), (2, "B")], "B", [(3, "A")], []),
        ("QUEUED", [(2, "A"), (3, "A")], "A", [], []),
        ("QUEUED", [(3, "A"), (2, "A")], "", [(2, "A")], []),
        ("QUEUED", [(3, "A"), (2, "B")], "", [(3, "A"), (2, "B")], []),
        ("QUEUED", [(3, "A"), (2, "B")], "B", [(3, "A")], []),
        ("PARALLEL", [(1, "A"), (2, "A"), (3, "B")], "AB", [(1, "A"), (2, "A"), (3, "B")], []),
        ("SUPERSEDED", [], "A", [], []),
    ],
)
def test_who_enters_and_who_is_superseded(mode, waiting, locked, enter, superseded):
    assert moves(mode, waiting, locked) == (enter, superseded)


@pytest.mark.parametrize("mode", ["SUPERSEDED", "QUEUED", "PARALLEL"])
@pytest.mark.parametrize("disabled", [("B", "Inbound"), ("A", "Outbound")])
def test_nobody_passes_a_disabled_transition(mode, disabled):
    assert moves(mode, [(1, "B"), (2, "C")], disabled=[disabled]) == ([(2, "C")], [])


def test_executions_supersede_each_other_in_front_of_a_disabled_transition_too():
    assert moves("SUPERSEDED", [(1, "B"), (2, "B")], disabled=[("B", "Inbound")]) == ([], [(1, "B")])


def test_the_first_stage_has_no_stage_before_it():
    assert is_open("A", STAGES, {("C", "Outbound")})
    assert not is_open("A", STAGES, {("A", "Inbound")})
