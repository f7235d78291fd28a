"""XGBoost, imported without what it would import beside it."""

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


# For interfaces that nobody uses here: 2 s and 130 MB in each process, where they are installed.
with _hidden("sklearn", "pandas"):
    import xgboost as xgb

__all__ = ["xgb"]
