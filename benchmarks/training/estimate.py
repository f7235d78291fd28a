"""How long it would take, and cost, on instances of AWS: a model that is fitted on what was measured here."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.training.measuring import ON_DISK, ONE, OURS, TWO, TWO_THREADS, Measured

from model.matrices import fits

ROWS, COUNTS = (10_000_000, 1_000_000_000), (1, 4, 16)
ROUNDS = 600  # the default number at most; early stopping ends before
# Of twelve months ten are trained on.
TRAINED = 10 / 12


@dataclass(frozen=True)
class Instance:
    """A type of instance, and its price where it is known."""

    name: str
    vcpus: int
    memory_gib: float
    usd_per_hour: float | None

    def dollars(self, seconds: float, count: int) -> float | None:
        """Return what so many of them cost for so long."""
        return None if self.usd_per_hour is None else seconds / 3600 * self.usd_per_hour * count


@dataclass(frozen=True)
class Prices:
    """What the user says of instances: which there are, what they cost an hour, and who says so."""

    region: str
    source: str
    instances: Sequence[Instance]

    @classmethod
    def read(cls, file: Path) -> "Prices":
        """Read instances.json; a price of null leaves the costs out."""
        told = json.loads(file.read_text(encoding="utf-8"))
        return cls(told["region"], told["source"], [Instance(name, **its) for name, its in told["instances"].items()])


@dataclass(frozen=True)
class Line:
    """start + slope * rows, fitted so that the sum of the squared relative errors is the least."""

    start: float
    slope: float

    @classmethod
    def fit(cls, points: Sequence[tuple[float, float]]) -> "Line":
        """Fit (rows, seconds); of one point, and where it would begin below zero or fall, a line from zero."""
        weights = [1 / seconds**2 for _, seconds in points]
        total = sum(weights)
        rows = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
        seconds = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
        spread = sum(w * (x - rows) ** 2 for w, (x, _) in zip(weights, points, strict=True))
        if spread:
            both = sum(w * (x - rows) * (y - seconds) for w, (x, y) in zip(weights, points, strict=True))
            start = seconds - both / spread * rows
            if start >= 0 and both > 0:
                return cls(start, both / spread)
        return cls(0.0, statistics.fmean(y / x for x, y in points))

    def at(self, rows: float, parts: float = 1.0) -> float:
        """Return the seconds where the rows are divided into so many parts."""
        return self.start + self.slope * rows / parts


@dataclass(frozen=True)
class Phases:
    """A figure for all of a training but its trees, and one for the trees."""

    rest: float
    trees: float


@dataclass(frozen=True)
class Model:
    """rest + rounds * trees of a round; n hosts, or threads, are worth n ** what was measured of two."""

    rest: Line
    trees: Line
    hosts: Phases
    threads: Phases
    on_disk: Phases

    @classmethod
    def fit(cls, sizes: Sequence[Measured]) -> "Model":
        """Fit what one host took; threads and disk are those of the sizes that they were measured on."""
        one = [(each.size.rows, _phases(each, ONE)) for each in sizes]
        rounds = [each.size.rounds for each in sizes]
        return cls(
            Line.fit([(rows, phases.rest) for rows, phases in one]),
            Line.fit([(rows, phases.trees / grown) for (rows, phases), grown in zip(one, rounds, strict=True)]),
            _worth(sizes, TWO),
            _worth(sizes, TWO_THREADS),
            _factor(sizes, ON_DISK),
        )

    def seconds(self, rows: float, rounds: int, *, hosts: int = 1, threads: int = 1, on_disk: bool = False) -> float:
        """Return how long a training takes."""
        rest = self.rest.at(rows, hosts**self.hosts.rest * threads**self.threads.rest)
        trees = self.trees.at(rows, hosts**self.hosts.trees * threads**self.threads.trees)
        factor = self.on_disk if on_disk else Phases(1.0, 1.0)
        return factor.rest * rest + factor.trees * trees * rounds


def _phases(measured: Measured, contestant: Any) -> Phases:
    trees = measured.seconds("training", contestant, "trees")
    return Phases(measured.seconds("training", contestant) - trees, trees)


def _factor(sizes: Sequence[Measured], contestant: Any) -> Phases:
    """Return how many times as long a contestant takes as one host; 1 where it was not measured."""
    pairs = [(_phases(each, contestant), _phases(each, ONE)) for each in sizes if each.took_part(contestant)]
    if not pairs:
        return Phases(1.0, 1.0)
    return Phases(
        statistics.fmean(its.rest / one.rest for its, one in pairs),
        statistics.fmean(its.trees / one.trees for its, one in pairs),
    )


def _worth(sizes: Sequence[Measured], contestant: Any) -> Phases:
    factor = _factor(sizes, contestant)
    # Never more than twice as fast: what looks so is noise.
    return Phases(min(-math.log2(factor.rest), 1.0), min(-math.log2(factor.trees), 1.0))


def left_out(sizes: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return, for each size, how far a model of the other sizes is from what was measured of it, as a share."""
    found = []
    for number, each in enumerate(sizes):
        others = [*sizes[:number], *sizes[number + 1 :]]
        model, rows = Model.fit(others), each.size.rows
        preparation = prepared_line(others).at(rows) / each.seconds("preparing", OURS) - 1
        errors = {
            contestant.name: model.seconds(rows, each.size.rounds, hosts=contestant.hosts)
            / each.seconds("training", contestant) - 1
            for contestant in (ONE, TWO) if each.took_part(contestant)
        }  # fmt: skip
        found.append({"rows": rows, "prepare": preparation, **errors})
    return found


def prepared_line(sizes: Sequence[Measured]) -> Line:
    """Return what preparing takes on one host, which uses one thread."""
    return Line.fit([(each.size.rows, each.seconds("preparing", OURS)) for each in sizes])


def training_table(model: Model, prices: Prices) -> list[dict[str, Any]]:
    """Return time and cost of a training by size, type and count."""
    found = []
    for rows in ROWS:
        for instance in prices.instances:
            for count in COUNTS:
                on_disk = not fits(math.ceil(rows * TRAINED / count), int(instance.memory_gib * 1024 / 2))
                seconds = model.seconds(rows, ROUNDS, hosts=count, threads=instance.vcpus, on_disk=on_disk)
                found.append(_entry(rows, instance, count, seconds) | {"on_disk": on_disk})
    return found


def preparing_table(line: Line, prices: Prices) -> list[dict[str, Any]]:
    """Return time and cost of preparing, on the first type: one thread of it works, so that a larger one is wasted."""
    smallest = prices.instances[0]
    return [_entry(rows, smallest, count, line.at(rows, count)) for rows in ROWS for count in COUNTS]


def _entry(rows: int, instance: Instance, count: int, seconds: float) -> dict[str, Any]:
    dollars = instance.dollars(seconds, count)
    return {"rows": rows, "instance": instance.name, "count": count, "seconds": seconds, "dollars": dollars}


def parts(model: Model) -> dict[str, float]:
    """Return the model's constants by name."""
    return {
        "rest, s": model.rest.start,
        "rest, µs a row": model.rest.slope * 1e6,
        "a round, s": model.trees.start,
        "a round, µs a row": model.trees.slope * 1e6,
        "hosts, rest": model.hosts.rest,
        "hosts, trees": model.hosts.trees,
        "threads, rest": model.threads.rest,
        "threads, trees": model.threads.trees,
        "on disk, rest": model.on_disk.rest,
        "on disk, trees": model.on_disk.trees,
    }
