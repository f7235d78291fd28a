"""Directories that are made once: aside, and renamed when they are whole, so that nobody ever uses half of one."""

import shutil
import tempfile
import threading
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
_guard = threading.Lock()


def make_once(target: Path, make: "Callable[[Path], None]") -> Path:
    """Return `target`; the first caller lets `make` fill a new directory that becomes it, the others wait for that."""
    with _guard:
        lock = _locks[target]
    with lock:
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=target.parent))
            try:
                make(aside)
                aside.rename(target)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    return target
