"""What the prepared data is: rows, ranges, what is missing, categories, by split and by month."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from model import charts
from model.flights import SCHEMA
from model.months import FOLDER, Span
from model.page import facts, figure, page, section, table
from model.summary import Range, Summary, total

_TOP = 5


def data_report(counted: Mapping[str, Summary], splits: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Describe the examples that were counted, by raw file; `scheduled` is with the cancelled and the diverted."""
    flights = {name: counted[name] for name in sorted(counted) if name.startswith(f"{FOLDER}/")}
    whole = total(flights.values())
    by_month = _months(flights)
    aside = {name: summary.quarantined for name, summary in sorted(counted.items()) if summary.quarantined}
    return {
        "rows": whole.rows,
        "scheduled": whole.scheduled,
        "without_arrival": whole.scheduled - whole.rows - _quarantined(flights),
        "late_rate": whole.late / whole.rows,
        "splits": {
            name: {"months": list(its), "rows": sum(by_month[m]["rows"] for m in its)} for name, its in splits.items()
        },
        "months": by_month,
        "numbers": {c.name: _range(whole.numbers[c.name], whole.rows) for c in SCHEMA.columns if c.type != "string"},
        "categories": {c.name: _categories(whole.categories[c.name]) for c in SCHEMA.columns if c.type == "string"},
        "quarantined": {"rows": _quarantined(counted), "files": aside},
    }


def data_page(report: Mapping[str, Any]) -> str:
    """Return the report as a page."""
    by_month = report["months"]
    held_out = [*report["splits"]["validation"]["months"], *report["splits"]["test"]["months"]]
    lead = f"{', '.join(f'{name}: {_span(split)}' for name, split in report['splits'].items())}."
    return page(
        "Flights: the prepared data",
        lead,
        [
            section("At a glance", facts(_glance(report))),
            section(
                "Late arrivals by month",
                figure(
                    charts.bars(
                        {m: row["late_rate"] for m, row in by_month.items()}, y="late", highlight=held_out, percent=True
                    ),
                    "Share of flights that arrived 15 or more minutes late, by month; orange: validation and test.",
                ),
                table(
                    "Flights by month",
                    ["month", "flights", "late"],
                    [[name, row["rows"], row["late_rate"]] for name, row in by_month.items()],
                ),
            ),
            section("Numbers", table("Ranges and what is missing", *_number_rows(report["numbers"]))),
            section("Categories", table("Values and the most frequent", *_category_rows(report["categories"]))),
            *_aside(report["quarantined"]),
        ],
    )


def _glance(report: Mapping[str, Any]) -> dict[str, str]:
    return {
        "flights with a label": f"{report['rows']:,}",
        "cancelled or diverted, left out": f"{report['without_arrival']:,}",
        "bad rows, put aside": f"{report['quarantined']['rows']:,}",
        "late": f"{report['late_rate']:.1%}",
        "columns": str(len(report["numbers"]) + len(report["categories"])),
    }


def _span(split: Mapping[str, Any]) -> str:
    months = split["months"]
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"


def _quarantined(counted: Mapping[str, Summary]) -> int:
    return sum(sum(summary.quarantined.values()) for summary in counted.values())


def _months(flights: Mapping[str, Summary]) -> dict[str, dict[str, float]]:
    by_month: dict[str, list[Summary]] = {}
    for name, summary in flights.items():
        by_month.setdefault(Span.of(PurePosixPath(name)).month, []).append(summary)
    totals = {month: total(its) for month, its in by_month.items()}
    return {month: {"rows": its.rows, "late_rate": its.late / its.rows} for month, its in totals.items()}


def _range(its: Range, rows: int) -> dict[str, float | None]:
    present = rows - its.missing
    mean = its.sum / present if present else None
    return {"minimum": its.minimum, "mean": mean, "maximum": its.maximum, "missing": its.missing}


def _categories(counts: Mapping[str, int]) -> dict[str, Any]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {"distinct": len(counts), "missing": 0, "top": dict(ordered[:_TOP])}


def _aside(quarantined: Mapping[str, Any]) -> list[str]:
    rows = [[name, column, rows] for name, its in quarantined["files"].items() for column, rows in its.items()]
    heads = ["file", "column", "rows"]
    return [section("Put aside", table("Bad rows, by file and column", heads, rows))] if rows else []


def _number_rows(numbers: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[list[object]]]:
    heads = ["minimum", "mean", "maximum", "missing"]
    return ["column", *heads], [[name, *(row[head] for head in heads)] for name, row in numbers.items()]


def _category_rows(categories: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[list[object]]]:
    rows: list[list[object]] = [
        [
            name,
            row["distinct"],
            row["missing"],
            ", ".join(f"{value} ({count:,})" for value, count in row["top"].items()),
        ]
        for name, row in categories.items()
    ]
    return ["column", "distinct", "missing", "most frequent"], rows
