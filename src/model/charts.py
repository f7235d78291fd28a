"""The reports' plots, as SVG to stand inside a page: text stays text, the same numbers give the same bytes."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Blue and orange keep their contrast for every common kind of colour blindness.
_BLUE, _ORANGE, _GREY = "#1f5fa8", "#c8590a", "#6b7280"
_COLOURS = (_BLUE, _ORANGE, _GREY)
_TICK = "{x:.0%}"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fairway",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9ca3af",
    "axes.axisbelow": True,
    "grid.color": "#e5e7eb",
    "text.color": "#1f2937",
    "axes.labelcolor": "#1f2937",
    "xtick.color": "#1f2937",
    "ytick.color": "#1f2937",
}


def lines(series: Mapping[str, Sequence[float]], *, x: str, y: str, mark: int | None = None) -> str:
    """Draw one line a series over its index; `mark` is an index worth a vertical line."""

    def draw(axes: "Axes") -> None:
        for (name, values), colour in zip(series.items(), _COLOURS, strict=False):
            axes.plot(range(1, len(values) + 1), values, color=colour, label=name, linewidth=1.8)
        if mark is not None:
            axes.axvline(mark, color=_GREY, linestyle="--", linewidth=1, label=f"kept: {mark}")
        axes.set(xlabel=x, ylabel=y)
        axes.grid(axis="y")
        axes.legend(frameon=False)

    return _svg(draw, height=3.2)


def bars(values: Mapping[str, float], *, y: str, highlight: Sequence[str] = (), percent: bool = False) -> str:
    """Draw one upright bar a name; the highlighted ones in the second colour."""

    def draw(axes: "Axes") -> None:
        colours = [_ORANGE if name in highlight else _BLUE for name in values]
        # Positions with labels: names given as positions are tried as numbers and dates first, which is logged.
        drawn = axes.bar(range(len(values)), list(values.values()), color=colours, width=0.7, tick_label=list(values))
        axes.bar_label(drawn, fmt=_percent if percent else "{:.3f}", fontsize=8, padding=2)
        axes.set_ylabel(y)
        axes.yaxis.set_major_formatter(_TICK if percent else "{x:.2f}")
        axes.grid(axis="y")

    return _svg(draw, height=3.0)


def ranking(values: Mapping[str, float], *, x: str) -> str:
    """Draw one lying bar a name, the greatest on top, as shares of one."""

    def draw(axes: "Axes") -> None:
        ordered = sorted(values.items(), key=lambda item: item[1])
        names, shares = [name for name, _ in ordered], [value for _, value in ordered]
        drawn = axes.barh(range(len(names)), shares, color=_BLUE, height=0.7, tick_label=names)
        axes.bar_label(drawn, fmt=_percent, fontsize=8, padding=2)
        axes.xaxis.set_major_formatter(_TICK)
        axes.set_xlabel(x)
        axes.grid(axis="x")

    return _svg(draw, height=1.0 + 0.24 * len(values))


def diagonal(points: Sequence[tuple[float, float]], *, x: str, y: str) -> str:
    """Draw points against the diagonal on which they would all lie if they were perfect."""

    def draw(axes: "Axes") -> None:
        top = max(max(point) for point in points) * 1.1
        axes.plot([0, top], [0, top], color=_GREY, linestyle="--", linewidth=1, label="perfect")
        axes.plot(*zip(*points, strict=True), color=_BLUE, marker="o", label="tenths of the flights")
        axes.xaxis.set_major_formatter(_TICK)
        axes.yaxis.set_major_formatter(_TICK)
        axes.set(xlabel=x, ylabel=y, aspect="equal")
        axes.grid()
        axes.legend(frameon=False)

    return _svg(draw, height=4.2)


def _percent(value: float, _position: float = 0) -> str:
    return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"


def _svg(draw: Any, *, height: float) -> str:
    # Serving imports this package too and draws nothing: it is spared the second that matplotlib takes to import.
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context(_STYLE):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        draw(figure.add_subplot())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    # Only the element itself can stand inside HTML; its width is left to the page. What describes the file rather than
    # the picture (metadata, with addresses of vocabularies) stays out.
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    return re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1), count=1
    )
