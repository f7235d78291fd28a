"""Encoded rows, kept as arrays that every contestant loads, and our loop of rounds beside XGBoost's own."""

import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from model.boosting import xgb
from model.checkpoints import Checkpoints
from model.cluster import ALONE
from model.encoding import FEATURES, Encoder
from model.hyperparameters import parse
from model.matrices import Encoded, Matrices, Shard
from model.metrics import auc
from model.rounds import Plan, boost
from model.training import _CHECKPOINT_ROUNDS, _plan

Phase = Callable[[str], AbstractContextManager[None]]
SPLITS = ("train", "validation")
_ARRAYS = ("features", "late", "months")


def encode(data: Path, out: Path) -> None:
    """Write the rows of data/train and data/validation as the trees see them, an array a file."""
    out.mkdir(parents=True)
    shards = {name: Shard(data / name) for name in SPLITS}
    encoder = Encoder.from_counts(shards["train"].counts())
    for name, shard in shards.items():
        rows = next(shard.encoded(encoder))
        for array in _ARRAYS:
            np.save(out / f"{name}-{array}.npy", getattr(rows, array))


def load(folder: Path) -> tuple[Encoded, Encoded]:
    """Return the rows that `encode` wrote."""
    learn, validate = (Encoded(*(np.load(folder / f"{name}-{array}.npy") for array in _ARRAYS)) for name in SPLITS)
    return learn, validate


def beside_plain(
    encoded: Path, out: Path, hyperparameters: Mapping[str, str], turns: int, phase: Phase
) -> dict[str, Any]:
    """Return the seconds of each turn of both, and their AUC; ours tells each round and keeps checkpoints, as the job.

    The parameters, the matrix and what is evaluated each round are the same. Every other turn the other one begins.
    """
    learn, validate = load(encoded)
    plan = _plan(parse(hyperparameters))
    with phase("bins"):
        quantised = _quantised(learn, validate, int(plan.parameters["max_bin"]))
    grown: dict[str, Callable[[], xgb.Booster]] = {
        "ours": lambda: _ours(plan, quantised, out), "plain": lambda: _plain(plan, quantised),
    }  # fmt: skip
    seconds: list[dict[str, float]] = []
    areas: dict[str, float] = {}
    for turn in range(turns):
        seconds.append({})
        for name in sorted(grown, reverse=bool(turn % 2)):
            shutil.rmtree(out, ignore_errors=True)
            begun = time.perf_counter()
            booster = grown[name]()
            seconds[-1][name] = time.perf_counter() - begun
            areas[name] = auc(validate.late, booster.inplace_predict(validate.features, validate_features=False))
    return {"turns": seconds, "auc": areas}


def _quantised(learn: Encoded, validate: Encoded, max_bin: int) -> Matrices:
    told: dict[str, Any] = {"feature_names": list(FEATURES), "nthread": 1, "max_bin": max_bin}
    train = xgb.QuantileDMatrix(learn.features, learn.late, **told)
    return Matrices(train, xgb.QuantileDMatrix(validate.features, validate.late, ref=train, **told), len(learn.late))


def _ours(plan: Plan, quantised: Matrices, checkpoints: Path) -> xgb.Booster:
    return boost(plan, quantised, None, ALONE, Checkpoints(checkpoints, {}, _CHECKPOINT_ROUNDS)).booster


def _plain(plan: Plan, quantised: Matrices) -> xgb.Booster:
    watched = [(quantised.train, "train"), (quantised.validation, "validation")]
    return xgb.train(dict(plan.parameters), quantised.train, plan.rounds, evals=watched, verbose_eval=False)
