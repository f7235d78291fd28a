"""Measure training beside plain XGBoost, scikit-learn and LightGBM, on one host and on two; write benchmarks/results.

Usage: PYTHONPATH=src python -m benchmarks.training.measure [--rows 1000000] [--rounds 100] [--repeat 3]
The rows are made by generate.py and prepared by the model. Each measurement is a process of its own, of one thread; the
contestants have their turns one after the other. LightGBM takes part where it is installed. Linux only.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.training.generate import generate

from model import prepare
from model.boosting import xgb
from model.cluster import ALONE, meet
from model.encoding import FEATURES, Encoder
from model.hyperparameters import parse
from model.matrices import Encoded, Matrices, Shard
from model.metrics import auc
from model.rounds import Plan, boost
from model.training import _plan, train

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results"
HOSTS = ("127.97.0.1", "127.97.0.2")
TITLES = {
    "ours": "ours: `rounds.boost`",
    "plain": "plain `xgboost.train`, same matrix",
    "histogram": "scikit-learn `HistGradientBoostingClassifier`",
    "lightgbm": "LightGBM",
    "one": "ours, the whole of `train`, one host",
    "disk": "ours, the whole of `train`, rows on disk",
    "two": "ours, the whole of `train`, two hosts of one thread",
}


def _plan_of(rounds: int) -> Plan:
    return _plan(parse({"num_boost_round": str(rounds), "early_stopping_rounds": "1000"}))


def _encoded(data: Path) -> tuple[Encoder, Encoded, Encoded]:
    learn, validate = Shard(data / "train"), Shard(data / "validation")
    encoder = Encoder.from_counts(learn.counts())
    return encoder, next(learn.encoded(encoder)), next(validate.encoded(encoder))


def _quantised(learn: Encoded, validate: Encoded) -> Matrices:
    train_matrix = xgb.QuantileDMatrix(learn.features, learn.late, feature_names=list(FEATURES), nthread=1, max_bin=256)
    other = xgb.QuantileDMatrix(
        validate.features, validate.late, ref=train_matrix, feature_names=list(FEATURES), nthread=1, max_bin=256
    )
    return Matrices(train_matrix, other, len(learn.late))


def boosting(name: str, data: Path, rounds: int) -> dict[str, float]:
    """Grow the trees alone, on a matrix that is there, by one of the four."""
    plan = _plan_of(rounds)
    _, learn, validate = _encoded(data)
    if name in ("ours", "plain"):
        quantised = _quantised(learn, validate)
        start = time.perf_counter()
        if name == "ours":
            booster = boost(plan, quantised, None, ALONE, None).booster
        else:
            watched = [(quantised.train, "train"), (quantised.validation, "validation")]
            booster = xgb.train(dict(plan.parameters), quantised.train, rounds, evals=watched, verbose_eval=False)
        seconds = time.perf_counter() - start
        return {
            "seconds": seconds,
            "auc": auc(validate.late, booster.inplace_predict(validate.features, validate_features=False)),
        }
    given = {"learning_rate": plan.parameters["learning_rate"], "max_depth": int(plan.parameters["max_depth"])}
    if name == "histogram":
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 -- a worker's own

        peer: Any = HistGradientBoostingClassifier(**given, max_iter=rounds, early_stopping=False, max_leaf_nodes=None)
    else:
        peer = import_module("lightgbm").LGBMClassifier(
            **given, n_estimators=rounds, n_jobs=1, num_leaves=2 ** given["max_depth"], verbose=-1
        )
    start = time.perf_counter()
    peer.fit(learn.features, learn.late)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "auc": auc(validate.late, peer.predict_proba(validate.features)[:, 1])}


def whole(data: Path, out: Path, rounds: int, host: int | None) -> dict[str, float]:
    """Train as the job does, from files to an artifact; `host` is this one's number where there are two."""
    given = {"num_boost_round": str(rounds), "early_stopping_rounds": "1000"}
    start = time.perf_counter()
    if host is None:
        report = train(data, out, given)
    else:
        with meet(HOSTS, HOSTS[host]) as cluster:
            start = time.perf_counter()
            report = train(data, out, given, cluster=cluster)
    return {"seconds": time.perf_counter() - start, "auc": report["validation"]["auc"]}


def work(order: Mapping[str, Any]) -> None:
    """Be a worker: measure one thing and print it as the last line."""
    data, out, rounds = Path(order["data"]), Path(order["out"]), int(order["rounds"])
    if order["name"] in ("one", "two", "disk"):
        measured = whole(data, out, rounds, order.get("host"))
    else:
        measured = boosting(order["name"], data, rounds)
    measured["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write("\n" + json.dumps(measured) + "\n")


def run(name: str, data: Path, out: Path, rounds: int) -> dict[str, float]:
    """Start the workers of one measurement and return what the first of them measured."""
    shutil.rmtree(out, ignore_errors=True)
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "MODEL_THREADS": "1"}
    if name == "disk":
        environ["MODEL_MEMORY_MB"] = "1"
    orders = [{"name": name, "data": str(data), "out": str(out), "rounds": rounds}]
    if name == "two":
        orders = [{**orders[0], "data": str(data.parent / f"shard-{host}"), "host": host} for host in range(2)]
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.training.measure", "--worker"]
    started = [
        subprocess.Popen([*command, json.dumps(order)], env=environ, stdout=subprocess.PIPE, text=True)
        for order in orders
    ]
    said = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit(f"{name} failed")
    measured: dict[str, float] = json.loads(said[0].strip().splitlines()[-1])
    return measured


def shards(data: Path) -> None:
    """Link every other training file for each of two hosts, as ShardedByS3Key does, and all of validation for both."""
    for host in range(2):
        place = data.parent / f"shard-{host}"
        shutil.rmtree(place, ignore_errors=True)
        for split, files in (("train", sorted((data / "train").iterdir())[host::2]), ("validation", None)):
            (place / split).mkdir(parents=True)
            for file in files if files is not None else (data / split).iterdir():
                (place / split / file.name).symlink_to(file)


def main() -> None:
    """Measure, or be a worker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/bench/training"))
    parser.add_argument("--worker", type=json.loads)
    told = parser.parse_args()
    if told.worker:
        work(told.worker)
        return
    folder = (told.folder / str(told.rows)).resolve()
    data = folder / "data"
    if not data.exists():
        prepare(generate(folder / "raw", told.rows), data, {})
    shards(data)
    names = [name for name in TITLES if name != "lightgbm" or find_spec("lightgbm")]
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(told.repeat):
        for name in names:
            taken[name].append(run(name, data, folder / "out", told.rounds))
    medians = {
        name: {key: statistics.median(each[key] for each in every) for key in every[0]} for name, every in taken.items()
    }
    write({"rows": told.rows, "rounds": told.rounds, "repeat": told.repeat, "machine": machine(), "results": medians})


def machine() -> str:
    """Say what it was measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f} with its neighbours"


def write(measured: Mapping[str, Any]) -> None:
    """Write training.json and training.md."""
    results: Mapping[str, Mapping[str, float]] = measured["results"]
    (RESULTS / "training.json").write_text(json.dumps(measured, indent=1) + "\n")
    ratio = results["ours"]["seconds"] / results["plain"]["seconds"]
    faster = results["one"]["seconds"] / results["two"]["seconds"]
    rows = [
        f"| {TITLES[name]} | {each['seconds']:.1f} | {each['peak_mb']:.0f} | {each['auc']:.4f} |"
        for name, each in results.items()
    ]
    about = (
        f"{measured['rows']:,} generated flights, {measured['rounds']} rounds, median of {measured['repeat']} turns, "
        f"one thread a process ({measured['machine']}). `benchmarks/training/measure.py` writes this page."
    )
    comparison = (
        f"Ours takes {ratio:.3f} of plain XGBoost's time; two hosts are {faster:.2f} times as fast as one (all of "
        "`train`, from files to an artifact)."
    )
    head = ["| | seconds | peak MB | AUC |", "| --- | --- | --- | --- |"]
    missing = [] if "lightgbm" in results else ["LightGBM was not installed."]
    lines = ["# Training", "", about, "", *head, *rows, "", comparison, *missing]
    (RESULTS / "training.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
