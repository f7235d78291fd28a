"""From splits to an artifact: gradient-boosted trees, stopped early on the month after those that they learn from."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model.artifact import Artifact
from model.boosting import xgb
from model.conversion import convert
from model.encoding import FEATURES, MONOTONE, Encoder
from model.flights import months
from model.hyperparameters import parse
from model.metrics import best_threshold, by_slice, log_loss, metrics
from model.small_batches import agreement
from model.splits import Split


def train(data: Path, out: Path, hyperparameters: Mapping[str, str], warm_start: Path | None = None) -> dict[str, Any]:
    """Train on data/train, stop by data/validation, write the artifact into `out`; return the training report.

    `warm_start` is the directory of an earlier artifact: its trees and its encoding are kept, new trees are added.
    MODEL_THREADS says how many threads are used (default: 1); the artifact does not depend on it.
    """
    chosen = parse(hyperparameters)
    learn, validate = Split.read(data / "train"), Split.read(data / "validation")
    before = None if warm_start is None else Artifact.load(warm_start, threads())
    encoder = Encoder.fit(learn.columns, learn.late) if before is None else before.encoder
    curve: dict[str, dict[str, list[float]]] = {}
    matrices = [_matrix(encoder, split) for split in (learn, validate)]
    booster = _boost(chosen, matrices, before, curve)
    fitted = Artifact(booster, encoder, 0.5, chosen)
    features = encoder.encode(validate.columns)
    probability = fitted.score(features)
    threshold = best_threshold(validate.late, probability)
    artifact = Artifact(booster, encoder, threshold, chosen)
    report = _report(artifact, learn, validate, before, curve)
    onnx = convert(booster)
    report["onnx"] = agreement(onnx, features, probability)
    # A file that answers otherwise is left out: serving then asks XGBoost for batches of every size.
    artifact.save(out, report, onnx if report["onnx"]["served"] else None)
    return report


def threads() -> int:
    """Return MODEL_THREADS, 1 where it is not set; raises ValueError where it is no positive integer."""
    # OpenMP's threads wait for each other by spinning. On two busy cores, two of them burnt twice the CPU of one (8 s
    # against 4 s) and took longer (8 s against 4 to 6 s).
    given = os.environ.get("MODEL_THREADS", "1")
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(f"MODEL_THREADS is {given!r}: a positive integer was expected")
    return int(given)


def _matrix(encoder: Encoder, split: Split) -> xgb.DMatrix:
    features = encoder.encode(split.columns)
    return xgb.DMatrix(features, label=split.late, feature_names=list(FEATURES), nthread=threads())


def _boost(
    chosen: Mapping[str, int | float],
    matrices: Sequence[xgb.DMatrix],
    before: Artifact | None,
    curve: dict[str, dict[str, list[float]]],
) -> xgb.Booster:
    loop = ("num_boost_round", "early_stopping_rounds")
    parameters = {name: value for name, value in chosen.items() if name not in loop}
    fixed: dict[str, Any] = {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "monotone_constraints": MONOTONE,
        "nthread": threads(),
    }
    booster = xgb.train(
        parameters | fixed,
        matrices[0],
        int(chosen["num_boost_round"]),
        evals=[(matrices[0], "train"), (matrices[1], "validation")],
        early_stopping_rounds=int(chosen["early_stopping_rounds"]),
        evals_result=curve,
        verbose_eval=False,
        xgb_model=None if before is None else before.booster,
    )
    # The trees after the best round only fitted noise; without them the file says what is served.
    return booster[: booster.best_iteration + 1]


def _report(
    artifact: Artifact, learn: Split, validate: Split, before: Artifact | None, curve: dict[str, dict[str, list[float]]]
) -> dict[str, Any]:
    probability = artifact.probability(validate.columns)
    threshold = artifact.threshold
    by_month = by_slice(months(learn.columns), learn.late, artifact.probability(learn.columns), threshold)
    by_month |= by_slice(months(validate.columns), validate.late, probability, threshold)
    gain = artifact.booster.get_score(importance_type="total_gain")
    total = sum(gain.values()) or 1.0
    return {
        "rows": {"train": len(learn.late), "validation": len(validate.late)},
        "months": {"train": sorted(set(months(learn.columns))), "validation": sorted(set(months(validate.columns)))},
        "trees": artifact.booster.num_boosted_rounds(),
        "threshold": threshold,
        "hyperparameters": artifact.hyperparameters,
        "validation": metrics(validate.late, probability, threshold),
        "by_month": by_month,
        "learning_curve": {name: values["logloss"] for name, values in curve.items()},
        "importance": {name: gain.get(name, 0.0) / total for name in FEATURES},
        "base_rate": float(learn.late.mean()),
        "warm_start": None if before is None else _warm(before, validate),
    }


def _warm(before: Artifact, validate: Split) -> dict[str, float]:
    loss = log_loss(validate.late, before.probability(validate.columns))
    return {"trees": float(before.booster.num_boosted_rounds()), "validation_log_loss": loss}
