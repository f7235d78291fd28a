"""One measured process: does once what its order says, and prints what it measured as JSON in its last line.

Usage: python -m benchmarks.training.worker '{"what": "whole", "data": "…", "out": "…", "rounds": 30}'
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

# Each process imports what it measures only: the rest would count in its memory.
HOSTS = ("127.97.0.1", "127.97.0.2")
PATIENCE = "1000"  # all rounds are grown


@dataclass(frozen=True)
class Order:
    """What to do: one of DEEDS, with what it reads and writes."""

    what: str
    data: Path
    out: Path
    rounds: int = 0
    turns: int = 1
    host: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Order":
        """Read what `to_json` wrote."""
        told = json.loads(text)
        return cls(**told | {"data": Path(told["data"]), "out": Path(told["out"])})

    def to_json(self) -> str:
        """Return it for a command line."""
        return json.dumps(vars(self) | {"data": str(self.data), "out": str(self.out)})

    @property
    def hyperparameters(self) -> dict[str, str]:
        """The model's own defaults, for as many rounds."""
        return {"num_boost_round": str(self.rounds), "early_stopping_rounds": PATIENCE}


@dataclass
class Watch:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the block's time to a phase."""
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun


def prepare(order: Order, watch: Watch) -> dict[str, Any]:
    """Prepare raw months as the job does."""
    from model.preparation import prepare as by_the_model  # noqa: PLC0415

    with watch.phase("all"):
        by_the_model(order.data, order.out, {})
    return {}


def prepare_pandas(order: Order, watch: Watch) -> dict[str, Any]:
    """Prepare raw months as one would in a notebook: whole tables, merges, the same columns and files."""
    from benchmarks.training import prepare_pandas as by_pandas  # noqa: PLC0415

    with watch.phase("all"):
        by_pandas.prepare(order.data, order.out)
    return {}


def whole(order: Order, watch: Watch) -> dict[str, Any]:
    """Train as the job does, from files to an artifact; where there are two hosts, on the one that this is."""
    from model import training  # noqa: PLC0415
    from model.cluster import ALONE, meet  # noqa: PLC0415

    with ExitStack() as stack:
        cluster = ALONE if order.host is None else stack.enter_context(meet(HOSTS, HOSTS[order.host]))
        stack.enter_context(_watched(training, watch))
        with watch.phase("all"):
            report = training.train(
                order.data, order.out, order.hyperparameters, cluster=cluster, checkpoints=order.out / "checkpoints"
            )
    return {"auc": report["validation"]["auc"], "rows_kept": report["rows_kept"]}


@contextmanager
def _watched(training: Any, watch: Watch) -> Iterator[None]:
    matrices, boost = training.matrices, training.boost

    @contextmanager
    def timed_matrices(*given: Any, **named: Any) -> Iterator[Any]:
        with ExitStack() as stack:
            with watch.phase("bins"):
                made = stack.enter_context(matrices(*given, **named))
            yield made
            del made  # the model's own block has the last word on them

    def timed_boost(*given: Any) -> Any:
        with watch.phase("trees"):
            return boost(*given)

    with mock.patch.multiple(training, matrices=timed_matrices, boost=timed_boost):
        yield


def beside_plain(order: Order, watch: Watch) -> dict[str, Any]:
    """Grow the same trees on one matrix by our loop of rounds and by `xgboost.train`, in turns."""
    from benchmarks.training import trees  # noqa: PLC0415

    return trees.beside_plain(order.data, order.out, order.hyperparameters, order.turns, watch.phase)


def histogram(order: Order, watch: Watch) -> dict[str, Any]:
    """Fit scikit-learn's HistGradientBoostingClassifier."""
    from benchmarks.training import peers  # noqa: PLC0415

    return peers.histogram(order.data, order.hyperparameters, watch.phase)


def lightgbm(order: Order, watch: Watch) -> dict[str, Any]:
    """Fit LightGBM."""
    from benchmarks.training import peers  # noqa: PLC0415

    return peers.lightgbm(order.data, order.hyperparameters, watch.phase)


DEEDS: dict[str, Callable[[Order, Watch], dict[str, Any]]] = {
    deed.__name__: deed for deed in (prepare, prepare_pandas, whole, beside_plain, histogram, lightgbm)
}


def peak_mb() -> float:
    """Return the most memory that this process had; `ru_maxrss` begins with what its parent had. Linux only."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Do it."""
    order, watch = Order.parse(sys.argv[1]), Watch()
    measured = DEEDS[order.what](order, watch)
    sys.stdout.write("\n" + json.dumps({"seconds": watch.seconds, "peak_mb": peak_mb(), **measured}) + "\n")


if __name__ == "__main__":
    main()
