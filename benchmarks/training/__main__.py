"""Measure preparing and training beside their peers, in one run; write benchmarks/results/training.{md,json,png}.

Usage: python -m benchmarks.training [--quick] [--folder FOLDER] [--instances FILE] [--results FOLDER]. Linux only.
"""

import argparse
import json
import shlex
import sys
import time
from pathlib import Path

from benchmarks.training.estimate import Prices
from benchmarks.training.measuring import (
    BESIDE_PLAIN,
    HISTOGRAM,
    LIGHTGBM,
    ON_DISK,
    ONE,
    OURS,
    PEERS,
    REPOSITORY,
    TWO,
    TWO_THREADS,
    WHOLE,
    Size,
    from_json,
    machine,
    measure,
    measure_again,
)
from benchmarks.training.report import write

# The smallest in several turns; of the middle one only what the estimates are fitted on.
SIZES = (
    Size(1_000_000, 30, 3, training=(BESIDE_PLAIN, HISTOGRAM, LIGHTGBM, ONE, TWO_THREADS, TWO)),
    Size(3_000_000, 20, 1, preparing=(OURS,), training=(ONE, TWO)),
    Size(10_000_000, 10, 1, training=(BESIDE_PLAIN, HISTOGRAM, LIGHTGBM, ONE, TWO, ON_DISK)),
)
QUICK = (
    Size(100_000, 4, 1, training=(BESIDE_PLAIN, HISTOGRAM, LIGHTGBM, ONE, TWO_THREADS, TWO)),
    Size(150_000, 4, 1, preparing=(OURS,), training=(ONE, TWO)),
    Size(200_000, 4, 1, training=(BESIDE_PLAIN, HISTOGRAM, LIGHTGBM, ONE, TWO)),
)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few rows and rounds: a look, not a result")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "build/bench/training", help="for the rows, 3 GB")
    parser.add_argument("--instances", type=Path, default=Path(__file__).with_name("instances.json"))
    parser.add_argument("--again", nargs="+", choices=WHOLE, help="measure these trainings anew: the rest stays")
    parser.add_argument("--results", type=Path, help="benchmarks/results, unless --quick")
    return parser.parse_args()


def main() -> None:
    """Measure and report."""
    told = parse()
    if not PEERS.exists():
        raise SystemExit("No environment for the peers: make bench-training makes it.")
    prices = Prices.read(told.instances)
    folder = told.folder.resolve()
    results = told.results or (folder / "results" if told.quick else REPOSITORY / "benchmarks/results")
    sizes, begun = QUICK if told.quick else SIZES, time.monotonic()
    command = " ".join(["python -m benchmarks.training", *map(shlex.quote, sys.argv[1:])])
    if told.again:
        if not (results / "training.json").exists():
            raise SystemExit(f"There is no {results}/training.json to measure a part of again: leave --again out.")
        before = json.loads((results / "training.json").read_text(encoding="utf-8"))
        measured, facts = [from_json(each, sizes) for each in before["sizes"]], before["facts"]
        for each in measured:
            measure_again(folder, each, told.again)
        facts["again"] = f"{command}: others had disturbed these; {_took(begun)}"
    else:
        measured = [measure(folder, size) for size in sizes]
        facts = {"date": time.strftime("%Y-%m-%d"), **machine(), "command": command, "took": _took(begun)}
    if told.quick:
        facts["standing"] = "a look at a few rows, no result"
    write(results, measured, prices, facts)


def _took(begun: float) -> str:
    return f"{(time.monotonic() - begun) / 60:.1f} minutes"


if __name__ == "__main__":
    main()
