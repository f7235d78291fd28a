"""What training can be told: SageMaker gives every value as a string, parsed and bounded here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Range:
    default: float
    minimum: float
    maximum: float
    integer: bool = False


_KNOWN = {
    "num_boost_round": _Range(600, 1, 5000, integer=True),
    "early_stopping_rounds": _Range(50, 1, 1000, integer=True),
    "learning_rate": _Range(0.05, 0.001, 1),
    "max_depth": _Range(5, 1, 12, integer=True),
    "min_child_weight": _Range(20, 0, 10_000),
    "subsample": _Range(0.8, 0.1, 1),
    "colsample_bytree": _Range(0.4, 0.1, 1),
    "reg_lambda": _Range(1, 0, 10_000),
    "max_bin": _Range(256, 16, 1024, integer=True),
    "seed": _Range(2013, 0, 2**31 - 1, integer=True),
}

# What a search tries where an environment asks for one (jobs.training.tuning), and which of the training's metrics says
# how good it was. Whole numbers at both ends are a range of whole numbers.
SEARCH: Mapping[str, Any] = {
    "objective": {"metric": "validation:best_logloss", "goal": "minimize"},
    "ranges": {
        "learning_rate": {"minimum": 0.01, "maximum": 0.2, "scale": "logarithmic"},
        "max_depth": {"minimum": 3, "maximum": 9},
        "min_child_weight": {"minimum": 1, "maximum": 200, "scale": "logarithmic"},
        "subsample": {"minimum": 0.5, "maximum": 1.0},
        "colsample_bytree": {"minimum": 0.2, "maximum": 1.0},
        "reg_lambda": {"minimum": 0.1, "maximum": 100.0, "scale": "logarithmic"},
    },
}


def parse(given: Mapping[str, str]) -> dict[str, int | float]:
    """Return every hyperparameter, given or default; raises ValueError for an unknown name or a value out of range."""
    for name in given:
        if name not in _KNOWN:
            raise ValueError(f"hyperparameter {name!r} is not known: one of {', '.join(_KNOWN)} was expected")
    return {name: _value(name, allowed, given.get(name)) for name, allowed in _KNOWN.items()}


def _value(name: str, allowed: _Range, text: str | None) -> int | float:
    kind = int if allowed.integer else float
    if text is None:
        return kind(allowed.default)
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not allowed.minimum <= value <= allowed.maximum:
        word = "an integer" if allowed.integer else "a number"
        expected = f"{word} from {allowed.minimum:g} to {allowed.maximum:.10g}"
        raise ValueError(f"hyperparameter {name!r}: {json.dumps(text)} came, {expected} was expected")
    return value
