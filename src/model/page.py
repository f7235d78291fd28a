"""One self-contained HTML page: no script, no reference to anything outside, readable aloud and on paper."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from model.artifact import write_json

_GROUPED = 10_000
_CSS = """
:root { color-scheme: light; font: 16px/1.55 system-ui, sans-serif; color: #1f2937; background: #f3f4f6; }
body { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
.lead { color: #4b5563; margin: 0 0 1.5rem; }
section { background: #fff; border: 1px solid #e5e7eb; border-radius: .75rem; padding: 1.25rem 1.5rem; margin: 1rem 0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; margin: 0; }
dt { color: #4b5563; font-size: .85rem; }
dd { margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
figure { margin: 0 0 .75rem; }
svg { width: 100%; height: auto; display: block; }
figcaption, caption { color: #4b5563; font-size: .875rem; text-align: left; padding: .25rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #e5e7eb; text-align: right; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
thead th { border-bottom: 2px solid #9ca3af; }
"""


def page(title: str, lead: str, sections: Sequence[str]) -> str:
    """Return the whole page; `sections` are HTML already."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_CSS}</style>\n</head>\n'
        f'<body>\n<main>\n<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>\n'
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(heading: str, *parts: str) -> str:
    """Return one card of the page."""
    return f"<section>\n<h2>{escape(heading)}</h2>\n" + "\n".join(parts) + "\n</section>"


def facts(values: Mapping[str, str]) -> str:
    """Return a few headline figures."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in values.items())
    return f"<dl>{rows}</dl>"


def figure(svg: str, says: str) -> str:
    """Return a plot with the sentence that says what it shows, to those who cannot see it too."""
    labelled = svg.replace("<svg", f'<svg role="img" aria-label="{escape(says)}"', 1)
    return f"<figure>{labelled}<figcaption>{escape(says)}</figcaption></figure>"


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; its first column names the rows, floats are shown to three places."""
    kinds = rows[0] if rows else heads
    head = "".join(
        f'<th scope="col"{_class(cell)}>{escape(name)}</th>' for name, cell in zip(heads, kinds, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(_cell(row[0]))}</th>' + "".join(_td(cell) for cell in row[1:]) + "</tr>\n"
        for row in rows
    )
    inner = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    # A wide table scrolls by itself, also by keyboard.
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">{inner}</div>'


def write_report(out: Path, report: Mapping[str, Any], html: str) -> None:
    """Write report.json and report.html."""
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "report.json", report)
    (out / "report.html").write_text(html, encoding="utf-8")


def _td(cell: object) -> str:
    return f"<td{_class(cell)}>{escape(_cell(cell))}</td>"


def _class(cell: object) -> str:
    return ' class="text"' if isinstance(cell, str) else ""


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) > 1 else f"{value:.3f}"
    # Years and times of day stand among the integers: a separator from five digits on only.
    return f"{value:,}" if isinstance(value, int) and value >= _GROUPED else str(value)
