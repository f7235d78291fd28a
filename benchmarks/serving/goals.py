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


SERVER = "granian, a constant"
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


def verdicts(cells: Sequence[Cell], resources: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """Return each goal with what was measured; those of contestants that did not take part are left out."""
    found = [verdict for goal in GOALS if (verdict := _verdict(goal, cells))]
    for words, (key, most) in RESOURCES.items():
        value = resources["ours"][key]
        found.append({"goal": words, "wanted": f"< {most:g}", "measured": f"{value:.2f}", "met": value < most})
    return found


def _verdict(goal: Goal, cells: Sequence[Cell]) -> dict[str, Any] | None:
    figure = _rate if goal.least is not None else _p99
    ratios = _ratios(goal, cells, figure)
    if not ratios:
        return None
    ratio = statistics.median(ratios)
    if goal.least is not None:
        wanted, met = f">= {goal.least:g}", ratio >= goal.least
    else:
        assert goal.most is not None
        wanted, met = f"<= {goal.most:g}", ratio <= goal.most
    alone = _ratios(goal, cells, figure, SERVER)
    return {
        "goal": goal.words,
        "wanted": wanted,
        "measured": f"{ratio:.3g} ({min(ratios):.3g} to {max(ratios):.3g})",
        "met": met,
        # What no application on that server could be better than.
        "server_alone": f"{statistics.median(alone):.3g}" if alone else "-",
        # Of CPU time a neighbour takes less away than of the time on the clock.
        "cpu_ratio": round(statistics.median(1 / each for each in _ratios(goal, cells, _cpu)), 2),
    }


def _rate(cell: Cell) -> float:
    return cell.sample.rate


def _p99(cell: Cell) -> float:
    return cell.sample.p99


def _cpu(cell: Cell) -> float:
    return cell.cpu_microseconds


def _ratios(goal: Goal, cells: Sequence[Cell], figure: Callable[[Cell], float], of: str = "ours") -> list[float]:
    rounds: dict[int, dict[str, float]] = {}
    for cell in cells:
        if (cell.kind, cell.rows, cell.connections) == (goal.kind, goal.rows, JUDGED):
            rounds.setdefault(cell.round, {})[cell.contestant] = figure(cell)
    return [each[of] / each[goal.peer] for each in rounds.values() if each.get(goal.peer) and of in each]
