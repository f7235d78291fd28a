"""The plot: seconds by rows, of preparing and of a round of training, on scales of powers of ten."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from benchmarks.training.measuring import ONE, PREPARING, TWO, Measured
from matplotlib.figure import Figure

mpl.use("Agg")

Points = Sequence[tuple[int, float]]


def draw(sizes: Sequence[Measured], file: Path) -> None:
    """Draw both panels."""
    preparing = {
        each.name: [(size.size.rows, size.seconds("preparing", each)) for size in sizes if each in size.size.preparing]
        for each in PREPARING
    }
    rounds = {
        f"a round, {each.name}": [
            (size.size.rows, size.seconds("training", each, "trees") / size.size.rounds) for size in sizes
        ]
        for each in (ONE, TWO)
    }
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for number, (title, lines) in enumerate((("preparing", preparing), ("training", rounds)), 1):
        _panel(figure.add_subplot(1, 2, number), title, lines)
    figure.savefig(file, dpi=110)


def _panel(axes: Any, title: str, lines: Mapping[str, Points]) -> None:
    for (name, points), colour in zip(lines.items(), ("#1f6f8b", "#b8845c"), strict=True):
        axes.plot(*zip(*points, strict=True), marker="o", label=name, color=colour)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("rows", fontsize=8)
    axes.set_ylabel("seconds", fontsize=8)
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
