"""Whether what an endpoint answers is what its release recorded."""

import math
from typing import Any

TOLERANCE = 1e-6
"""Relative and absolute: what another processor's rounding may change in a prediction, and no more."""


def same_answer(wanted: Any, actual: Any) -> bool:
    """Compare two JSON values: structure and words exactly, numbers to within `TOLERANCE`."""
    if isinstance(wanted, dict) and isinstance(actual, dict):
        return wanted.keys() == actual.keys() and all(same_answer(wanted[key], actual[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(actual, list):
        return len(wanted) == len(actual) and all(map(same_answer, wanted, actual))
    if isinstance(wanted, float) and isinstance(actual, int | float) and not isinstance(actual, bool):
        return math.isclose(wanted, actual, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(wanted) is type(actual) and wanted == actual
