"""What a long task says of itself: one JSON line for each thing done, for the log, the terminal and metrics."""

import json
import os
import sys
import time
from pathlib import Path


def say(event: str, **values: object) -> None:
    """Write one line to standard output: {"event": …, …}."""
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


def memory_mb() -> int:
    """Return the process's resident memory in MB; 0 where the kernel does not say (no Linux)."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


class Pace:
    """How fast something goes that is done in pieces: so much of `total`, in whatever unit."""

    def __init__(self, total: float) -> None:
        self._total, self._start = total, time.monotonic()

    def left(self, done: float) -> dict[str, object]:
        """Return {"rows_per_second", "seconds_left", "rss_mb"} after `done`."""
        seconds = max(time.monotonic() - self._start, 1e-6)
        left = (self._total - done) * seconds / done if done else None
        return {
            "rows_per_second": round(done / seconds),
            "seconds_left": None if left is None else round(left, 1),
            "rss_mb": memory_mb(),
        }
