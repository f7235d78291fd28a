"""From splits to an artifact: gradient-boosted trees, stopped early on the month after those that they learn from."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.artifact import Artifact
from model.boosting import xgb
from model.checkpoints import Checkpoints, digest, sha256_of
from model.cluster import ALONE, Cluster
from model.conversion import convert
from model.encoding import FEATURES, MONOTONE, Counts, Encoder
from model.hyperparameters import parse
from model.matrices import Shard, fits, matrices, memory_budget_mb
from model.predictions import Predicted, predicted
from model.rounds import Boosted, Plan, boost
from model.small_batches import agreement

# A checkpoint is written in a few milliseconds; a round of ten million rows takes seconds.
_CHECKPOINT_ROUNDS = 25


def train(
    data: Path,
    out: Path,
    hyperparameters: Mapping[str, str],
    warm_start: Path | None = None,
    *,
    cluster: Cluster = ALONE,
    checkpoints: Path | None = None,
) -> dict[str, Any]:
    """Train on data/train, stop by data/validation, write the artifact into `out`; return the training report.

    `warm_start` is the directory of an earlier artifact: its trees and its encoding are kept, new trees are added.
    `cluster`, from `meet`, says which hosts train together: each has its shard of both splits, the first one writes.
    `checkpoints` is where the training's state is kept and looked for: killed and started again, it ends with the bytes
    of one that was not. MODEL_THREADS says how many threads are used (default: one for each core), which the artifact
    does not depend on, MODEL_MEMORY_MB how much memory rows may take (default: half) before they are kept on disk.
    """
    chosen = parse(hyperparameters)
    before = None if warm_start is None else Artifact.load(warm_start, threads())
    shards = _shards(data, cluster)
    counted = cluster.gather(shards[0].counts())
    counts = counted[0] if shards[0].of > 1 else Counts.total(counted)
    encoder = Encoder.from_counts(counts) if before is None else before.encoder
    kept = None
    if checkpoints is not None:
        kept = _checkpoints(checkpoints, _configuration(chosen, before, cluster, shards))
    plan = _plan(chosen)
    with matrices(shards, encoder, max_bin=int(chosen["max_bin"]), threads=threads(), rows=counts.rows) as quantised:
        boosted = boost(plan, quantised, None if before is None else before.booster, cluster, kept)
    parts = [predicted(Artifact(boosted.booster, encoder, 0.5, chosen), shard, cluster) for shard in shards]
    artifact = Artifact(boosted.booster, encoder, parts[1].best_threshold(), chosen)
    report = _report(artifact, parts, boosted)
    report["rows_kept"] = "in memory" if shards[0].in_memory else "on disk"
    report["warm_start"] = None if before is None else _warm(before, shards[1], cluster)
    if cluster.leads:
        onnx = convert(boosted.booster)
        features = next(shards[1].encoded(encoder)).features
        report["onnx"] = agreement(onnx, features, artifact.score(features))
        # A file that answers otherwise is left out: serving then asks XGBoost for batches of every size.
        artifact.save(out, report, onnx if report["onnx"]["served"] else None)
    return report


def threads() -> int:
    """Return MODEL_THREADS, by default as many as this process may use cores; ValueError for no positive integer."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return _positive("MODEL_THREADS", str(usable))


def _positive(name: str, default: str) -> int:
    given = os.environ.get(name, default)
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(f"{name} is {given!r}: a positive integer was expected")
    return int(given)


def _shards(data: Path, cluster: Cluster) -> list[Shard]:
    names = ("train", "validation")
    shards = [_shared(Shard(data / name), cluster) for name in names]
    counted = cluster.gather([shard.rows for shard in shards])
    for number, name in enumerate(names):
        if empty := [host for host, rows in zip(cluster.hosts, counted, strict=True) if not rows[number]]:
            raise ValueError(
                f"{name} has no rows on {', '.join(empty)}: each of the {len(counted)} hosts needs some. Train on "
                "fewer instances, or prepare more and smaller files"
            )
    # All hosts in memory or none: the trees must not depend on which host is the smallest.
    in_memory = fits(max(sum(rows) for rows in counted), min(cluster.gather(memory_budget_mb())))
    return [replace(shard, in_memory=in_memory) for shard in shards]


def _shared(shard: Shard, cluster: Cluster) -> Shard:
    # Files that every host has (FullyReplicated) count once: each host takes its part of their rows.
    files = cluster.gather([(file.name, file.stat().st_size) for file in sorted(shard.folder.glob("*.parquet"))])
    several = len(files) > 1 and all(each == files[0] for each in files)
    return replace(shard, part=cluster.rank, of=len(files)) if several else shard


def _plan(chosen: Mapping[str, int | float]) -> Plan:
    loop = ("num_boost_round", "early_stopping_rounds")
    parameters: dict[str, Any] = {name: value for name, value in chosen.items() if name not in loop}
    parameters |= {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "monotone_constraints": MONOTONE,
        "nthread": threads(),
    }
    return Plan(parameters, int(chosen["num_boost_round"]), int(chosen["early_stopping_rounds"]))


def _checkpoints(folder: Path, configuration: Mapping[str, str]) -> Checkpoints:
    return Checkpoints(folder, configuration, _positive("MODEL_CHECKPOINT_ROUNDS", str(_CHECKPOINT_ROUNDS)))


def _configuration(
    chosen: Mapping[str, int | float], before: Artifact | None, cluster: Cluster, shards: list[Shard]
) -> dict[str, str]:
    files = sorted(file for shard in shards for file in shard.folder.glob("*.parquet"))
    hashed = cluster.gather({f"{file.parent.name}/{file.name}": sha256_of(file) for file in files})
    return {
        "hyperparameters": digest(dict(chosen)),
        "features": digest([list(FEATURES), MONOTONE]),
        "data": digest(hashed),
        "number of hosts": str(len(cluster.hosts)),
        "warm start": "" if before is None else digest(bytes(before.booster.save_raw("ubj")).hex()),
        "memory mode": "memory" if shards[0].in_memory else "disk",
        "engine": f"xgboost {xgb.__version__}",
    }


def _report(artifact: Artifact, parts: list[Predicted], boosted: Boosted) -> dict[str, Any]:
    learn, validate = parts
    threshold = artifact.threshold
    gain = artifact.booster.get_score(importance_type="total_gain")
    total = sum(gain.values()) or 1.0
    return {
        "rows": {"train": learn.rows, "validation": validate.rows},
        "months": {"train": learn.months, "validation": validate.months},
        "trees": artifact.booster.num_boosted_rounds(),
        "threshold": threshold,
        "hyperparameters": artifact.hyperparameters,
        "validation": validate.metrics(threshold),
        "by_month": learn.by_month(threshold) | validate.by_month(threshold),
        "learning_curve": boosted.curve,
        "importance": {name: gain.get(name, 0.0) / total for name in FEATURES},
        "base_rate": learn.late_rate,
    }


def _warm(before: Artifact, shard: Shard, cluster: Cluster) -> dict[str, float]:
    # Its own encoding is the shard's: a warm start keeps it.
    loss = predicted(before, shard, cluster).metrics(before.threshold)["log_loss"]
    return {"trees": float(before.booster.num_boosted_rounds()), "validation_log_loss": loss}
