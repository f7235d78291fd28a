"""What training and preparing have to show."""

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.training.measuring import ON_DISK, ONE, OURS, PREPARING, TWO, Measured

OVER_PLAIN, TWICE, SAME_AREA = 1.05, 1.3, 1e-3
MEMORY_MB, GROWTH = 600, 1.2
SAME = ("ours", "plain", ONE.name, TWO.name, ON_DISK.name)


def verdicts(sizes: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return each goal with what was measured, by size."""
    training = [verdict for each in sizes for verdict in _training(each)]
    beside = [verdict for each in sizes if len(each.size.preparing) > 1 for verdict in _beside_pandas(each)]
    return [*training, *_memory(sizes[0], sizes[-1]), *beside]


def _training(measured: Measured) -> list[dict[str, Any]]:
    rows, found = _rows(measured), []
    if ratios := measured.ratios():
        goal = f"our rounds' time over plain `xgboost.train`'s, same matrix, {rows}"
        ratio = statistics.median(ratios)
        told = f"{ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        found.append(_verdict(goal, f"<= {OVER_PLAIN}", told, met=ratio <= OVER_PLAIN))
    goal = f"two hosts of one thread over one host of one thread, {rows}"
    faster = measured.seconds("training", ONE) / measured.seconds("training", TWO)
    found.append(_verdict(goal, f">= {TWICE} times as fast", f"{faster:.2f}", met=faster >= TWICE))
    goal = f"area under the curve of ours, plain, one host, two, and on disk, {rows}"
    areas = [area for name, area in measured.areas().items() if name in SAME]
    apart = max(areas) - min(areas)
    found.append(_verdict(goal, f"within {SAME_AREA:g}", f"{apart:.1e}", met=apart <= SAME_AREA))
    return found


def _memory(small: Measured, large: Measured) -> list[dict[str, Any]]:
    peak = large.peak_mb("preparing", OURS)
    growth = peak / small.peak_mb("preparing", OURS)
    goal = f"preparing's peak memory, {_rows(large)}"
    over = f"that over its peak at {_rows(small)}"
    return [
        _verdict(goal, f"< {MEMORY_MB} MB", f"{peak:.0f} MB", met=peak < MEMORY_MB),
        _verdict(over, f"<= {GROWTH}", f"{growth:.2f}", met=growth <= GROWTH),
    ]


def _beside_pandas(measured: Measured) -> list[dict[str, Any]]:
    rows, differing = _rows(measured), ", ".join(measured.differences) or "none"
    faster = measured.seconds("preparing", PREPARING[1]) / measured.seconds("preparing", OURS)
    return [
        _verdict(f"preparing beside pandas, {rows}", ">= 1 times as fast", f"{faster:.1f}", met=faster >= 1),
        _verdict(f"columns that both leave different, {rows}", "none", differing, met=differing == "none"),
    ]


def _rows(measured: Measured) -> str:
    return f"{measured.size.rows:,} rows"


def _verdict(goal: str, wanted: str, measured: str, *, met: bool) -> dict[str, Any]:
    return {"goal": goal, "wanted": wanted, "measured": measured, "met": met}
