"""XGBoost, imported without what it would import beside it, and with threads that sleep while they wait."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    hidden = [name for name in names if name not in sys.modules]
    modules: dict[str, Any] = sys.modules
    modules.update(dict.fromkeys(hidden))  # None makes an import of it fail
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


# OpenMP reads it when it is loaded. Else its threads wait for each other by spinning: on cores that others want as
# well, two of them burn twice the CPU of one and are slower than it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# For interfaces that nobody uses here: 2 s and 130 MB in each process, where they are installed.
with _hidden("sklearn", "pandas"):
    import xgboost as xgb

__all__ = ["xgb"]
