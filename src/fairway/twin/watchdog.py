"""Ends what a twin has started when the twin itself is gone without having done so, killed for example.

Run by the twin as a file of its own, so that it imports nothing: `python -I watchdog.py DIRECTORY`, with a pipe as
standard input that closes when the twin is gone. A process belongs to a twin when its TMPDIR lies below the twin's
directory. It reads /proc: on a system without, a twin that is killed leaves its processes behind.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path


def belongs(environment: bytes, directory: str) -> bool:
    """Tell whether an environment, as /proc gives it, is that of a process of the twin in `directory`."""
    wanted = b"TMPDIR=" + os.fsencode(directory) + b"/"
    return any(variable.startswith(wanted) for variable in environment.split(b"\0"))


def processes_of(directory: str) -> list[int]:
    """Return the processes, other than this one, that belong to the twin in `directory`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:  # it has ended, or is another user's
            continue
        if int(process.name) != os.getpid() and belongs(environment, directory):
            found.append(int(process.name))
    return found


def end_processes_of(directory: str, grace: float = 0) -> None:
    """Ask them to end, kill them after `grace` seconds, and return when none is left; one may start another."""
    deadline = time.monotonic() + grace
    _signal(processes_of(directory), signal.SIGTERM)
    while found := [pid for pid in processes_of(directory) if not _is_zombie(pid)]:
        if time.monotonic() >= deadline:
            _signal(found, signal.SIGKILL)
        time.sleep(0.02)


def _signal(processes: list[int], number: int) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end_processes_of(sys.argv[1])
