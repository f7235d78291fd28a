"""The measurements: rounds in which each contestant has its turn at each payload and number of connections."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.serving.artifact import REPOSITORY, environment
from benchmarks.serving.contestants import WORKERS, Constant, Contestant
from benchmarks.serving.load import Sample, measure
from benchmarks.serving.payloads import Rows
from benchmarks.serving.processes import cpu_seconds, memory, running
from benchmarks.serving.waiting import ask, wait_for_answer

from fairway.jobs.tree import Tree

KINDS = ("csv", "json")
CONNECTIONS = (1, 16, 64)
# The goals are of so many; fewer and more are measured in the first round alone.
JUDGED = 16
IN_PROCESS = ("in process: read, predict, write", "in process: predict")


@dataclass(frozen=True)
class Plan:
    """What is served, what is sent, and for how long."""

    tree: Tree
    rows: Mapping[int, Sequence[Rows]]
    rounds: int
    seconds: int


@dataclass(frozen=True)
class Seat:
    """Where a contestant runs: its port of loopback, and the folder that is its own."""

    contestant: Contestant
    port: int
    folder: Path

    @property
    def name(self) -> str:
        """Its name in the tables."""
        return self.contestant.name

    @contextmanager
    def serving(self, plan: "Plan") -> Iterator[tuple[int, float]]:
        """Run it until the end of the block; yield its process, and the seconds from there to its first prediction."""
        start, log = self.contestant.start(plan.tree, self.port, self.folder), self.folder / "log"
        request = self.contestant.request("csv", plan.rows[1])
        began = time.monotonic()
        with running(start.command, start.environment, self.folder, log) as pid:
            yield pid, wait_for_answer(self.port, request, pid, log) - began


@dataclass(frozen=True)
class Cell:
    """One measurement; a contestant in process has no connections and one latency."""

    contestant: str
    kind: str
    rows: int
    connections: int
    round: int
    sample: Sample
    cpu_microseconds: float


def start_times(seats: Sequence[Seat], plan: Plan, times: int) -> dict[str, list[float]]:
    """Start each in turns and alone; return the seconds from the start of its process to its first prediction."""
    found: dict[str, list[float]] = {seat.name: [] for seat in seats}
    for _ in range(times):
        for seat in seats:
            with seat.serving(plan) as (_pid, seconds):
                found[seat.name].append(seconds)
            print(f"{seat.name}: first answer after {seconds:.2f} s", flush=True)
    return found


def check_answers(seats: Sequence[Seat], plan: Plan) -> None:
    """End the run where a contestant predicts something else than ours: it would not be the same work."""
    predicting = [seat for seat in seats if not isinstance(seat.contestant, Constant)]
    for kind, size in product(KINDS, plan.rows):
        answers = [_answer(seat, kind, plan.rows[size]) for seat in predicting]
        for seat, answer in zip(predicting, answers, strict=True):
            if len(answer) != size or max(abs(a - b) for a, b in zip(answer, answers[0], strict=True)) > 1e-6:
                raise SystemExit(f"{seat.name} predicts otherwise than ours for {size} rows of {kind}")


def _answer(seat: Seat, kind: str, batches: Sequence[Rows]) -> list[float]:
    request = seat.contestant.request(kind, batches)
    status, body = ask(seat.port, request, request.bodies[0])
    if status != 200:
        raise SystemExit(f"{seat.name} answered {status} to {kind}: {body[:500]!r}")
    return probabilities(json.loads(body))


def probabilities(answer: Any) -> list[float]:
    """Return the probabilities of an answer in any of the protocols."""
    if isinstance(answer, dict) and "outputs" in answer:
        (tensor,) = (output for output in answer["outputs"] if output["name"] == "probability")
        return [float(value) for value in tensor["data"]]
    rows = answer["predictions"] if isinstance(answer, dict) else answer
    return [float(row["probability"]) for row in rows]


def measure_all(
    seats: Sequence[Seat], plan: Plan, pids: Mapping[str, int]
) -> tuple[list[Cell], dict[str, dict[str, float]]]:
    """Measure in rounds, after a warm-up; then return the memory a worker, in MB, of what has worked."""
    for seat, (size, batches) in product(seats, plan.rows.items()):
        measure(seat.port, seat.contestant.request("csv", batches), 4, 1 if size == 1 else 2)
    cells = list(_cells(seats, plan, pids))
    return cells, {seat.name: _memory(pids[seat.name]) for seat in seats}


def _cells(seats: Sequence[Seat], plan: Plan, pids: Mapping[str, int]) -> Iterator[Cell]:
    for number, size, kind in product(range(1, plan.rounds + 1), plan.rows, KINDS):
        for connections, seat in product(CONNECTIONS if number == 1 else (JUDGED,), seats):
            request = seat.contestant.request(kind, plan.rows[size])
            before = cpu_seconds(pids[seat.name])
            sample = measure(seat.port, request, connections, plan.seconds)
            used = 1e6 * (cpu_seconds(pids[seat.name]) - before) / max(1, sample.requests)
            yield _told(Cell(seat.name, kind, size, connections, number, sample, used))
        yield from _in_process(plan, kind, size, number)


def _in_process(plan: Plan, kind: str, size: int, number: int) -> Iterator[Cell]:
    """Measure the limit: the same work without HTTP, in as many processes as the others have workers."""
    module = "benchmarks.serving.in_process"
    command = [sys.executable, "-m", module, str(plan.tree.model), kind, str(size), str(plan.seconds)]
    processes = [
        subprocess.Popen(command, env=environment(plan.tree), cwd=REPOSITORY, stdout=subprocess.PIPE)
        for _ in range(WORKERS)
    ]
    said = [json.loads(process.communicate()[0]) for process in processes]
    for name, member in zip(IN_PROCESS, ("whole", "predict"), strict=True):
        found = [each[member] for each in said]
        calls, seconds = sum(each["calls"] for each in found), max(each["seconds"] for each in found)
        p50, p99 = (max(each[key] for each in found) for key in ("p50", "p99"))
        sample = Sample(calls, seconds, p50, p99, p99, p99, 0.0, 0)
        cpu = 1e6 * sum(each["cpu"] for each in found) / calls
        yield _told(Cell(name, kind, size, 0, number, sample, cpu))


def _told(cell: Cell) -> Cell:
    sample = cell.sample
    print(
        f"round {cell.round}, {cell.rows} x {cell.kind}, {cell.connections} connections, {cell.contestant}: "
        f"{sample.rate:.0f}/s, {cell.cpu_microseconds:.0f} us, p50 {sample.p50:.2f} ms, p99 {sample.p99:.2f} ms"
        + (f", {sample.failed} FAILED" if sample.failed else ""),
        flush=True,
    )
    return cell


def _memory(pid: int) -> dict[str, float]:
    sizes = memory(pid)
    workers = sizes[:WORKERS]  # the largest of a tree: a supervisor and a proxy are small
    return {
        "proportional": sum(size.proportional for size in workers) / WORKERS,
        "resident": sum(size.resident for size in workers) / WORKERS,
        "all_proportional": sum(size.proportional for size in sizes),
    }
