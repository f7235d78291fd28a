"""Measure the container beside its peers, in one run; write benchmarks/results/serving.{md,json,png}.

All run at once on this machine and are asked in turns, so that ratios outlive the machine's mood.
Usage: python -m benchmarks.serving [--rounds N] [--seconds N] [--only NAME,…] [--quick]
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.serving.artifact import test_month, trained
from benchmarks.serving.contestants import CONTESTANTS, Contestant
from benchmarks.serving.load import need, need_port
from benchmarks.serving.measuring import Plan, Seat, check_answers, measure_all, start_times
from benchmarks.serving.payloads import batches
from benchmarks.serving.report import write


def chosen(names: str) -> list[Contestant]:
    """Return the contestants whose names begin as one of these, and what ratios need: ours."""
    wanted = tuple(name.strip().lower() for name in names.split(",") if name.strip())
    return [each for each in CONTESTANTS if not wanted or each.name == "ours" or each.name.lower().startswith(wanted)]


def missing(contestants: list[Contestant]) -> list[str]:
    """Return those whose environment was not made."""
    return [each.name for each in contestants if each.venv and not each.python.exists()]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--starts", type=int, default=3, help="how often each is started")
    parser.add_argument("--only", default="", help="begin of names, separated by commas; ours is always measured")
    parser.add_argument("--quick", action="store_true", help="one round of two seconds: a look, not a result")
    parser.add_argument("--port", type=int, default=18200, help="the first of a hundred ports")
    parser.add_argument("--results", type=Path, help="folder of the results; benchmarks/results unless --quick")
    told = parser.parse_args()
    if told.quick:
        told.rounds, told.seconds, told.starts = 1, 2, 1
    return told


def main() -> None:
    """Measure and report."""
    told = parse()
    need("wrk", "nginx")
    contestants = chosen(told.only)
    if absent := missing(contestants):
        raise SystemExit(f"No environment for {', '.join(absent)}: make bench-setup makes them.")
    # Two workers each: the container takes one a core, so everybody has the same two, and wrk as well.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    tree = trained()
    rows = {size: batches(test_month(tree), size) for size in (1, 1000)}
    plan = Plan(tree, rows, told.rounds, told.seconds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)  # nginx's workers are another user's
        seats = [Seat(each, told.port + 10 * number, folder / str(number)) for number, each in enumerate(contestants)]
        for seat in seats:
            need_port(seat.port)
            seat.folder.mkdir()
        starts = start_times(seats, plan, told.starts)
        pids = {seat.name: stack.enter_context(seat.serving(plan))[0] for seat in seats}
        check_answers(seats, plan)
        cells, memory = measure_all(seats, plan, pids)
    resources = {name: {"first_answer_seconds": median(starts[name])} | memory[name] for name in starts}
    results = told.results or Path(__file__).parents[1] / "results"
    command = "python -m benchmarks.serving " + " ".join(sys.argv[1:])
    write(results, contestants, cells, resources, command.strip())


main()
