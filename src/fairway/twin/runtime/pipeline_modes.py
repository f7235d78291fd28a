"""Execution modes: which waiting execution enters which stage, and which is superseded. Decided, not done.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

SUPERSEDED, QUEUED, PARALLEL = "SUPERSEDED", "QUEUED", "PARALLEL"
INBOUND, OUTBOUND = "Inbound", "Outbound"
MOST_EXECUTIONS = 50


@dataclass(frozen=True)
class Waiting:
    """An execution in front of a stage; executions are numbered as they start."""

    number: int
    stage: str


@dataclass(frozen=True)
class Moves:
    """What happens next."""

    enter: tuple[Waiting, ...] = ()
    superseded: tuple[Waiting, ...] = ()


def is_open(stage: str, stages: Sequence[str], disabled: Collection[tuple[str, str]]) -> bool:
    """Tell whether nobody has disabled the transition into a stage, nor the one out of the stage before it."""
    place = stages.index(stage)
    before = (stages[place - 1], OUTBOUND) if place else None
    return (stage, INBOUND) not in disabled and before not in disabled


def next_moves(
    mode: str,
    stages: Sequence[str],
    *,
    waiting: Iterable[Waiting],
    locked: Collection[str],
    disabled: Collection[tuple[str, str]],
) -> Moves:
    """Return who enters, and who is superseded.

    A stage holds one execution at a time. In front of a locked stage, SUPERSEDED keeps the newest execution only,
    QUEUED keeps all in their order, and PARALLEL knows no locks.
    """
    enter: list[Waiting] = []
    superseded: list[Waiting] = []
    everyone = sorted(waiting, key=lambda one: one.number)
    for stage in stages:
        queue = [one for one in everyone if one.stage == stage]
        if mode == SUPERSEDED:
            superseded += queue[:-1]
            queue = queue[-1:]
        if not queue or not is_open(stage, stages, disabled):
            continue
        if mode == PARALLEL:
            enter += queue
        elif stage not in locked:
            enter.append(queue[0])
    return Moves(tuple(enter), tuple(superseded))
