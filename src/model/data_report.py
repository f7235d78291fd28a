"""What the prepared data is: rows, ranges, what is missing, categories, by split and by month."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from model import charts, tables
from model.flights import LABEL, SCHEMA, months
from model.page import facts, figure, page, section, table

_TOP = 5


def data_report(examples: pa.Table, splits: Mapping[str, Sequence[str]], *, scheduled: int) -> dict[str, Any]:
    """Describe the examples; `scheduled` counts the flights with those that were cancelled or diverted."""
    by_month = _months(examples)
    return {
        "rows": examples.num_rows,
        "scheduled": scheduled,
        "without_arrival": scheduled - examples.num_rows,
        "late_rate": float(pc.mean(examples[LABEL].cast(pa.float64())).as_py()),
        "splits": {
            name: {"months": list(its), "rows": sum(by_month[m]["rows"] for m in its)} for name, its in splits.items()
        },
        "months": by_month,
        "numbers": {c.name: _range(examples[c.name]) for c in SCHEMA.columns if c.type != "string"},
        "categories": {c.name: _categories(examples[c.name]) for c in SCHEMA.columns if c.type == "string"},
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
        ],
    )


def _glance(report: Mapping[str, Any]) -> dict[str, str]:
    return {
        "flights with a label": f"{report['rows']:,}",
        "cancelled or diverted, left out": f"{report['without_arrival']:,}",
        "late": f"{report['late_rate']:.1%}",
        "columns": str(len(report["numbers"]) + len(report["categories"])),
    }


def _span(split: Mapping[str, Any]) -> str:
    months = split["months"]
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"


def _months(examples: pa.Table) -> dict[str, dict[str, float]]:
    columns = tables.numpy_columns(examples.select(["year", "month"]))
    names, late = months(columns), examples[LABEL].to_numpy()
    return {
        name: {"rows": int((names == name).sum()), "late_rate": float(late[names == name].mean())}
        for name in sorted(set(names))
    }


def _range(values: "pa.ChunkedArray[Any]") -> dict[str, float | None]:
    low, mean, high = (function(values).as_py() for function in (pc.min, pc.mean, pc.max))
    return {"minimum": low, "mean": mean, "maximum": high, "missing": values.null_count}


def _categories(values: "pa.ChunkedArray[Any]") -> dict[str, Any]:
    counts = Counter(values.to_pylist())
    missing = counts.pop(None, 0)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return {"distinct": len(counts), "missing": missing, "top": dict(ordered[:_TOP])}


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
