"""A contestant's processes: how they start and end, and what they have used, from Linux's /proc."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Of one process, in MB; `shared` is counted in part, by how many share it."""

    pid: int
    resident: float
    proportional: float


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):
                found += [int(child) for child in children.read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process, of all below it, and of those children that it has waited for."""
    ticks = 0
    for each in tree(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS


def memory(pid: int) -> list[Memory]:
    """Return the memory of each process of a tree, the largest first."""
    sizes = []
    for each in tree(pid):
        with suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()[1:]
            kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
            sizes.append(Memory(each, kilobytes["Rss"] / 1000, kilobytes["Pss"] / 1000))
    return sorted(sizes, key=lambda size: size.proportional, reverse=True)


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> Iterator[int]:
    """Run a server, its output in a file as a container's would be; end it, and what it leaves, after the block."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=dict(environment), cwd=folder, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process.pid
    finally:
        everything = tree(process.pid)
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        for pid in everything:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        _wait_until_gone(everything)


def _wait_until_gone(pids: Sequence[int]) -> None:
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/stat").exists() for pid in pids) and time.monotonic() < until:
        time.sleep(0.02)
