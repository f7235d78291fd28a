"""What the container has to show beside the others, as ratios of the same round."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.serving.measuring import JUDGED, Cell


@dataclass(frozen=True)
class Goal:
    """Ours over a peer's, at a payload and 16 connections; `least` of the requests, or `most` of the p99."""

    peer: str
    kind: str
    rows: int
    least: float | None = None
    most: float | None = None

    @property
    def words(self) -> str:
        """Return the goal in words."""
        size = "one row" if self.rows == 1 else f"{self.rows:,} rows"
        what = "requests/s" if self.least is not None else "p99"
        return f"{what} over those of {self.peer}, {size} of {self.kind.upper()}, {JUDGED} connections"


GOALS = (
    Goal("reference, pinned", "csv", 1, least=60),
    Goal("nginx, a constant", "csv", 1, least=0.35),
    Goal("reference, pinned", "csv", 1, most=0.1),
    *(Goal(peer, kind, 1, least=25) for peer in ("MLServer", "BentoML", "MLflow") for kind in ("csv", "json")),
    Goal("reference, pinned", "csv", 1000, least=3.5),
    Goal("reference, unpinned", "csv", 1000, least=3.5),
)
RESOURCES = {
    "start to first answer, s": ("first_answer_seconds", 1.0),
    "memory a worker (PSS), MB": ("proportional", 120.0),
}


def ceiling(cells: Sequence[Cell]) -> float | None:
    """Return which share of nginx's requests/s granian answers where both answer a constant; None without the two."""
    rounds: dict[int, dict[str, float]] = {}
    for cell in cells:
        if (cell.kind, cell.rows, cell.connections) == ("csv", 1, JUDGED):
            rounds.setdefault(cell.round, {})[cell.contestant] = cell.sample.rate
    shares = [
        each["granian, a constant"] / each["nginx, a constant"]
        for each in rounds.values()
        if {"granian, a constant", "nginx, a constant"} <= each.keys()
    ]
    return statistics.median(shares) if shares else None


def verdicts(cells: Sequence[Cell], resources: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """Return each goal with what was measured; those of contestants that did not take part are left out."""
    found = [verdict for goal in GOALS if (verdict := _verdict(goal, cells))]
    for words, (key, most) in RESOURCES.items():
        value = resources["ours"][key]
        found.append({"goal": words, "wanted": f"< {most:g}", "measured": f"{value:.2f}", "met": value < most})
    return found


def _verdict(goal: Goal, cells: Sequence[Cell]) -> dict[str, Any] | None:
    if goal.least is not None:
        ratios = _ratios(goal, cells, lambda cell: cell.sample.rate)
        wanted, met = f">= {goal.least:g}", bool(ratios) and statistics.median(ratios) >= goal.least
    else:
        assert goal.most is not None
        ratios = _ratios(goal, cells, lambda cell: cell.sample.p99)
        wanted, met = f"<= {goal.most:g}", bool(ratios) and statistics.median(ratios) <= goal.most
    if not ratios:
        return None
    measured = f"{statistics.median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})"
    # Of CPU time a neighbour takes less away than of the time on the clock.
    cpu = statistics.median(1 / ratio for ratio in _ratios(goal, cells, lambda cell: cell.cpu_microseconds))
    return {"goal": goal.words, "wanted": wanted, "measured": measured, "met": met, "cpu_ratio": round(cpu, 2)}


def _ratios(goal: Goal, cells: Sequence[Cell], figure: Callable[[Cell], float]) -> list[float]:
    rounds: dict[int, dict[str, float]] = {}
    for cell in cells:
        if (cell.kind, cell.rows, cell.connections) == (goal.kind, goal.rows, JUDGED):
            rounds.setdefault(cell.round, {})[cell.contestant] = figure(cell)
    return [each["ours"] / each[goal.peer] for each in rounds.values() if each.get(goal.peer)]
