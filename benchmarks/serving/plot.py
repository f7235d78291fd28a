"""The plot: requests a second of each contestant, a panel for each payload, on a scale of powers of ten."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

mpl.use("Agg")


def draw(rows: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw what was measured at 16 connections, and in process."""
    shown = [row for row in rows if row["connections"] in (0, 16)]
    payloads = list(dict.fromkeys((row["rows"], row["kind"]) for row in shown))
    figure = Figure(figsize=(12, 3.4 * ((len(payloads) + 1) // 2)), layout="constrained")
    for panel, (size, kind) in enumerate(payloads, 1):
        axes = figure.add_subplot((len(payloads) + 1) // 2, 2, panel)
        mine = [row for row in shown if (row["rows"], row["kind"]) == (size, kind)][::-1]
        rates = [row["requests_per_second"] for row in mine]
        colours = ["#1f6f8b" if row["contestant"] == "ours" else "#b8c4cc" for row in mine]
        bars = axes.barh([row["contestant"] for row in mine], rates, color=colours)
        axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates], padding=3, fontsize=8)
        axes.set_xscale("log")
        axes.set_xlim(right=max(rates) * 4)
        axes.set_title(f"{size:,} row{'s' if size > 1 else ''} of {kind.upper()}", fontsize=10)
        axes.set_xlabel("requests a second, 16 connections", fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    figure.savefig(file, dpi=110)
