"""How much memory the processes of a container have: Linux's /proc; elsewhere nothing is known of it."""

import contextlib
import time
from pathlib import Path

PROC = Path("/proc")
PAGE_BYTES = 4096
# Who belongs to a container is looked up this often, in seconds of wall time; what they have, at each look.
MEMBERS_SECONDS = 1.0
# Where /proc/<pid>/stat has them, after the name of the program, which may hold blanks.
_SESSION, _RESIDENT = 3, 21


class Memory:
    """The memory of one container, whose processes are a session of their own."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._members: list[int] = []
        self._looked = 0.0

    def used(self, limit: int) -> int:
        """Return the bytes in use. Only above the limit are shared pages counted once, as cgroups do: that is slow."""
        if time.monotonic() - self._looked > MEMBERS_SECONDS:
            self._members, self._looked = members(self._session), time.monotonic()
        resident = sum(_resident(pid) for pid in self._members)
        return resident if resident <= limit else sum(_proportional(pid) for pid in self._members)


def members(session: int) -> list[int]:
    """Return the processes of a session."""
    with contextlib.suppress(OSError):
        pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
        return [pid for pid in pids if _stat(pid)[_SESSION : _SESSION + 1] == [str(session)]]
    return []


def _stat(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return []


def _resident(pid: int) -> int:
    found = _stat(pid)
    return int(found[_RESIDENT]) * PAGE_BYTES if found else 0


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return _resident(pid)
