"""How good an artifact is on the test month: overall, by slice, beside what it must beat."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from model import charts
from model.artifact import Artifact, training_report
from model.flights import months
from model.metrics import by_slice, calibration, log_loss, metrics
from model.page import facts, figure, page, section, table, write_report
from model.splits import Split
from model.training import threads

_SHOWN = ("rows", "late_rate", "predicted_rate", "auc", "log_loss", "precision", "recall")


def evaluate(artifact: Path, data: Path, out: Path) -> dict[str, Any]:
    """Evaluate on data/test, write out/report.json and out/report.html; return {"metrics", "slices"}."""
    loaded = Artifact.load(artifact, threads())
    training = training_report(artifact)
    test = Split.read(data / "test")
    probability = loaded.probability(test.columns)
    values = {"carrier": test.columns["carrier"], "origin": test.columns["origin"], "month": months(test.columns)}
    base = np.full(len(test.late), training["base_rate"])
    result: dict[str, Any] = {
        "metrics": metrics(test.late, probability, loaded.threshold) | {"base_log_loss": log_loss(test.late, base)},
        "slices": {name: by_slice(v, test.late, probability, loaded.threshold) for name, v in values.items()},
    }
    report = result | {"calibration": calibration(test.late, probability), "training": training}
    write_report(out, report, _page(report))
    return result


def _page(report: Mapping[str, Any]) -> str:
    training, measured = report["training"], report["metrics"]
    month = ", ".join(report["slices"]["month"])
    lead = (
        f"{training['trees']} trees, learned on {training['rows']['train']:,} flights, stopped by the validation month "
        f"and tested on {measured['rows']:,.0f} flights of {month}, which training never saw."
    )
    return page(
        "Flights: the trained model",
        lead,
        [
            section("At a glance", facts(_glance(report))),
            _months(report),
            _calibration(report),
            _curve(training),
            section(
                "What it goes by",
                figure(
                    charts.ranking(training["importance"], x="share of the total gain"),
                    "How much each feature improved the trees' splits, as a share of all improvement.",
                ),
            ),
            *(section(f"By {name}", _slices(name, report["slices"][name])) for name in ("carrier", "origin")),
            section(
                "Hyperparameters", table("As trained", ["name", "value"], list(training["hyperparameters"].items()))
            ),
        ],
    )


def _glance(report: Mapping[str, Any]) -> dict[str, str]:
    measured = report["metrics"]
    figures = {"AUC": "auc", "log loss": "log_loss", "log loss of the base rate": "base_log_loss"}
    shown = {name: f"{measured[key]:.3f}" for name, key in figures.items() if key in measured}
    shares = {"precision": "precision", "recall": "recall", "late in the test month": "late_rate"}
    shown |= {name: f"{measured[key]:.1%}" for name, key in shares.items() if key in measured}
    return shown | {"called late from": f"{report['training']['threshold']:.0%}"}


def _months(report: Mapping[str, Any]) -> str:
    training = report["training"]
    measured = training["by_month"] | report["slices"]["month"]
    held_out = [*training["months"]["validation"], *report["slices"]["month"]]
    known = {name: row["auc"] for name, row in measured.items() if "auc" in row}
    says = "AUC by month; blue: months it learned from, orange: validation and test."
    return section(
        "By month", figure(charts.bars(known, y="AUC", highlight=held_out), says), _slices("month", measured)
    )


def _calibration(report: Mapping[str, Any]) -> str:
    tenths = report["calibration"]
    points = [(tenth["predicted"], tenth["happened"]) for tenth in tenths]
    says = "Predicted probability and what happened, in tenths of the test flights; on the dashed line both agree."
    return section(
        "Calibration",
        figure(charts.diagonal(points, x="predicted", y="arrived late"), says),
        table("Tenths", ["flights", "predicted", "arrived late"], [list(tenth.values()) for tenth in tenths]),
    )


def _curve(training: Mapping[str, Any]) -> str:
    says = f"Log loss by number of trees; validation was best at {training['trees']}, and the others were dropped."
    curve = charts.lines(training["learning_curve"], x="trees", y="log loss", mark=training["trees"])
    return section("Learning curve", figure(curve, says))


def _slices(name: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    cells = [[value, *(measured.get(column) for column in _SHOWN)] for value, measured in rows.items()]
    return table(f"Metrics by {name}", [name, *(column.replace("_", " ") for column in _SHOWN)], cells)
