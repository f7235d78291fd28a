"""Ways in which a release can be bad though its tests passed, put into a copy of the image's sources.

Each wraps the model by its contract alone, so that any model can be broken so: `Predictor.load` or `Predictor.predict`.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """A way of being bad: what it is called, and what is appended to `model/__init__.py`."""

    name: str
    source: str


DIES = Fault(
    "dies at load",
    """

def _die(_directory):
    raise RuntimeError("the rehearsal broke this release: it cannot load its model")


Predictor.load = _die
""",
)

SLOW = Fault(
    "slow",
    """

import time as _time

_predict = Predictor.predict


def _predict_slowly(self, batch):
    _time.sleep(1.0)
    return _predict(self, batch)


Predictor.predict = _predict_slowly
""",
)

WRONG = Fault(
    "wrong answers",
    """

_predict = Predictor.predict
_first = []


def _predict_always_the_same(self, batch):
    answers = _predict(self, batch)
    _first[:] = _first or answers[:1]
    return [dict(_first[0]) for _ in answers]


Predictor.predict = _predict_always_the_same
""",
)

FAULTS = (DIES, SLOW, WRONG)


def broken_sources(checkout: Path, into: Path, fault: Fault) -> Path:
    """Copy what the image is built from to `into`, break it, and return the folder."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(checkout / "src", into / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(checkout / "requirements", into / "requirements")
    with (into / "src/model/__init__.py").open("a") as file:
        file.write(fault.source)
    return into
