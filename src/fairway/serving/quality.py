"""The quality signal: one log line a window of predictions, saying what they look like beside those of training.

`psi` is the population stability index of the window's scores over the tenths of the training's scores: the sum over
the bins of (actual - expected) * ln(actual / expected). Two corrections make it mean the same for windows of every
size: half a prediction is added to each bin, so that an empty one has a logarithm; and what chance alone gives,
(bins - 1) * (1/N + 1/M) for N and M scores of one distribution, is taken off. Chance also scatters: N * PSI is about
chi-square with bins - 1 degrees of freedom. Source: B. Yurdakul, "Statistical Properties of Population Stability
Index", dissertation, Western Michigan University, 2018.
"""

import json
import logging
import math
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairway.serving.checks import Batch
from fairway.serving.seen import Judged, Seen, column_from_json

FILE = "quality.json"
BINS = 10
# By chance, one window of 250 in a thousand is over 0.08 (27.9 / 250 - 9 / 250), a third of the 0.25 that is commonly
# called a shift. A larger one tells later: a canary's worker gets a small share of the traffic. It is needed where
# requests come in an order, as by departure, where a window is one morning's weather: benchmarks/results/quality.md.
WINDOW = 250
# What a worker has left when it ends is told of if chance (0.19 in one of a thousand) stays below that 0.25.
ENOUGH = 100

logger = logging.getLogger("fairway.serving.quality")
Score = Callable[[Mapping[str, object]], float]


@dataclass(frozen=True)
class Baseline:
    """What scores and inputs were at training: `edges` between bins, `counts` in them, what each column held."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    columns: Mapping[str, Seen]
    missing_share: float = 0.0
    unseen_share: float = 0.0

    def to_json(self) -> dict[str, object]:
        """Return what `read` reads; the same baseline gives the same JSON."""
        return {
            "scores": {"edges": list(self.edges), "counts": list(self.counts)},
            "inputs": {"missing_share": self.missing_share, "unseen_share": self.unseen_share},
            "columns": {name: seen and seen.to_json() for name, seen in self.columns.items()},
        }

    @classmethod
    def read(cls, artifact: Path) -> "Baseline | None":
        """Read the file of an artifact, None where it has none; ValueError where it is not what training writes."""
        path = artifact / FILE
        if not path.is_file():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            scores, columns = content["scores"], content["columns"]
            seen = {name: column_from_json(column) for name, column in columns.items()}
            baseline = cls(tuple(scores["edges"]), tuple(scores["counts"]), seen, **content["inputs"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{FILE} is damaged: {type(error).__name__}: {error}") from error
        if len(baseline.counts) != len(baseline.edges) + 1 or list(baseline.edges) != sorted(baseline.edges):
            raise ValueError(f"{FILE} is damaged: edges in order, and one more bin than edges, are expected")
        return baseline


@dataclass
class Window:
    """Counts of predictions, and of the values that they were made from."""

    counts: list[int]
    predictions: int = 0
    inputs: int = 0
    missing: int = 0
    unseen: int = 0

    @property
    def missing_share(self) -> float:
        """The share of missing values among all."""
        return self.missing / self.inputs if self.inputs else 0.0

    @property
    def unseen_share(self) -> float:
        """The share among all values of those that training never saw."""
        return self.unseen / self.inputs if self.inputs else 0.0


def edges_of(scores: Sequence[float]) -> tuple[float, ...]:
    """Return what parts the scores in BINS bins of equal share, in fewer where many scores are the same."""
    ordered = sorted(scores)
    return tuple(sorted({ordered[len(ordered) * bin_ // BINS] for bin_ in range(1, BINS)}))


def count_scores(edges: Sequence[float], scores: Sequence[float]) -> list[int]:
    """Return how many scores lie in each bin; one on an edge belongs above it."""
    counts = [0] * (len(edges) + 1)
    for score in scores:
        counts[bisect_right(edges, score)] += 1
    return counts


def count_inputs(columns: Mapping[str, Seen], batch: Batch, rows: Sequence[int]) -> tuple[int, int]:
    """Return how many values of these rows are missing, and how many training never saw."""
    return _count_inputs({name: Judged(seen) for name, seen in columns.items()}, batch, rows)


def _count_inputs(columns: "Mapping[str, Judged]", batch: Batch, rows: Sequence[int]) -> tuple[int, int]:
    missing = unseen = 0
    for name, judged in columns.items():
        values = batch.get(name)
        if values is None:
            missing += len(rows)
            continue
        column_missing, column_unseen = judged.count(_chosen(values, rows))
        missing += column_missing
        unseen += column_unseen
    return missing, unseen


def _chosen(values: Any, rows: Sequence[int]) -> Any:
    return values[rows.start : rows.stop : rows.step] if isinstance(rows, range) else [values[row] for row in rows]


def psi(expected: Sequence[int], actual: Sequence[int]) -> float:
    """Return the stability index of two counts over the same bins, corrected as the module says; never below 0."""
    bins, before, now = len(expected), sum(expected), sum(actual)
    index = 0.0
    for old, new in zip(expected, actual, strict=True):
        share, was = (new + 0.5) / (now + bins / 2), (old + 0.5) / (before + bins / 2)
        index += (share - was) * math.log(share / was)
    return max(0.0, index - (bins - 1) * (1 / now + 1 / before))


@dataclass
class Watch:
    """Watches one worker's predictions. Memory and time are bounded: counts, and at most WINDOW rows of a request.

    `names` are the columns of a row that observe_row() gets, in their order.
    """

    baseline: Baseline
    score: Score
    release: str
    names: Sequence[str]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _window: Window = field(init=False)
    _judged: Mapping[str, Judged] = field(init=False)
    _later: list[tuple[Sequence[object], Mapping[str, object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._window = self._new()
        self._judged = {name: Judged(seen) for name, seen in self.baseline.columns.items()}

    def observe_row(self, values: Sequence[object], answer: Mapping[str, object]) -> None:
        """Keep a row until there is a window of them: together they are counted in a tenth of the time."""
        with self._lock:
            self._later.append((values, answer))
            full = len(self._later) + self._window.predictions >= WINDOW
        if full:
            self._catch_up()

    def observe_later(self, batch: Batch, answers: Sequence[Mapping[str, object]]) -> None:
        """Keep the rows of a small request."""
        nothing = (None,) * len(answers)
        rows = zip(*(batch.get(name, nothing) for name in self.names), strict=True)
        for values, answer in zip(rows, answers, strict=True):
            self.observe_row(values, answer)

    def observe(self, batch: Batch, answers: Sequence[Mapping[str, object]]) -> None:
        """Count answers and the rows that they were given for, and tell of the window if it is over."""
        self._catch_up()
        self._count(batch, answers)

    def close(self) -> None:
        """Tell of the last window, if there is enough in it."""
        self._catch_up()
        with self._lock:
            window, self._window = self._window, self._new()
        if window.predictions >= ENOUGH:
            self._tell(window)

    def _catch_up(self) -> None:
        with self._lock:
            later, self._later = self._later, []
        if later:
            rows, answers = zip(*later, strict=True)
            self._count(dict(zip(self.names, zip(*rows, strict=True), strict=True)), answers)

    def _count(self, batch: Batch, answers: Sequence[Mapping[str, object]]) -> None:
        # Evenly over a large request: the first rows of a file that is in some order are not like the others.
        rows = range(0, len(answers), max(1, math.ceil(len(answers) / WINDOW)))
        counts = count_scores(self.baseline.edges, [self.score(answers[row]) for row in rows])
        missing, unseen = _count_inputs(self._judged, batch, rows)
        with self._lock:
            window = self._window
            window.counts = [before + more for before, more in zip(window.counts, counts, strict=True)]
            window.predictions += len(rows)
            window.inputs += len(rows) * len(self.baseline.columns)
            window.missing += missing
            window.unseen += unseen
            over = window.predictions >= WINDOW
            if over:
                self._window = self._new()
        if over:
            self._tell(window)

    def _new(self) -> Window:
        return Window([0] * len(self.baseline.counts))

    def _tell(self, window: Window) -> None:
        fields = {
            "event": "quality",
            "release": self.release,
            "psi": round(psi(self.baseline.counts, window.counts), 4),
            "missing_share": round(window.missing_share, 4),
            "unseen_share": round(window.unseen_share, 4),
            "predictions": window.predictions,
            "baseline_missing_share": round(self.baseline.missing_share, 4),
            "baseline_unseen_share": round(self.baseline.unseen_share, 4),
        }
        logger.info("psi %.3f over %d predictions", fields["psi"], window.predictions, extra={"fields": fields})
