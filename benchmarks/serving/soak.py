"""Load the container on a schedule at a share of its measured maximum; write benchmarks/results/soak.{md,json}.

wrk sends each request at its time, whether or not earlier ones were answered; what is late is measured, not skipped.
Usage: python -m benchmarks.serving.soak [--minutes N] [--share 0.7]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving.artifact import entry_point, environment, test_month, trained
from benchmarks.serving.load import Sample, measure, need, need_port
from benchmarks.serving.payloads import Request, as_csv, batches
from benchmarks.serving.processes import memory, running, tree
from benchmarks.serving.report import facts
from benchmarks.serving.waiting import wait_for_answer

CONNECTIONS = 64
WINDOW_SECONDS = 30
PROBES = 5
WARM_SHARE = 0.1


@dataclass(frozen=True)
class Window:
    """One stretch of the load, and the memory of all the container's processes after it, in MB."""

    sample: Sample
    megabytes: float
    processes: int


def highest_rate(port: int, request: Request) -> float:
    """Return the requests a second that the container answers as fast as it can: the median of some probes."""
    return statistics.median(measure(port, request, CONNECTIONS, 5).rate for _ in range(PROBES))


def load(port: int, pid: int, request: Request, rate: float, minutes: float) -> list[Window]:
    """Send the requests for so long; one window after the other."""
    windows: list[Window] = []
    for number in range(max(2, round(minutes * 60 / WINDOW_SECONDS))):
        sample = measure(port, request, CONNECTIONS, WINDOW_SECONDS, rate)
        megabytes = sum(size.proportional for size in memory(pid))
        windows.append(Window(sample, megabytes, len(tree(pid))))
        words = f"p99 {sample.p99:.2f} ms, {sample.failed} failed, {megabytes:.1f} MB"
        print(f"window {number + 1}: {sample.rate:,.0f} of {rate:,.0f}/s, {words}", flush=True)
    return windows


def summary(windows: Sequence[Window], highest: float, rate: float) -> dict[str, Any]:
    """Return the figures; memory is compared with what it was after the first tenth, the warm-up."""
    first = max(1, round(len(windows) * WARM_SHARE))
    before = windows[first - 1].megabytes
    after = statistics.median(window.megabytes for window in windows[-3:])
    return {
        "highest_rate": round(highest),
        "rate": round(rate),
        "kept_rate": round(statistics.median(window.sample.rate for window in windows)),
        "requests": sum(window.sample.requests for window in windows),
        "failed": sum(window.sample.failed for window in windows),
        "p50_ms": statistics.median(window.sample.p50 for window in windows),
        "p99_ms": statistics.median(window.sample.p99 for window in windows),
        "worst_p99_ms": max(window.sample.p99 for window in windows),
        "worst_behind_ms": max(window.sample.behind for window in windows),
        "megabytes_warm": round(before, 1),
        "megabytes_end": round(after, 1),
        "memory_growth_percent": round(100 * (after - before) / before, 2),
        "workers_lost": windows[0].processes - windows[-1].processes,
    }


WORDS = {
    "highest_rate": "measured maximum, requests/s",
    "rate": "requests/s on the schedule",
    "kept_rate": "requests/s answered, median of the windows",
    "requests": "requests",
    "failed": "failed requests (wanted: 0)",
    "p50_ms": "p50 of a window, ms, median",
    "p99_ms": "p99 of a window, ms, median",
    "worst_p99_ms": "p99 of the worst window, ms",
    "worst_behind_ms": "latest that a request was sent after its time, ms",
    "megabytes_warm": "memory of all processes after the warm-up (PSS), MB",
    "megabytes_end": "memory at the end, median of three windows, MB",
    "memory_growth_percent": "growth of memory, % (wanted: under 2)",
    "workers_lost": "processes lost",
}


def page(about: dict[str, str], figures: dict[str, Any], windows: Sequence[Window]) -> str:
    """Return the page of results."""
    lines = ["# The container under steady load", "", *(f"- {name}: {value}" for name, value in about.items()), ""]
    lines += ["| figure | |", "| --- | --- |", *(f"| {WORDS[key]} | {value:,} |" for key, value in figures.items())]
    lines += ["", "| minute | requests/s | p50 ms | p99 ms | p99.9 ms | failed | MB |", "| --- |" + " --- |" * 6]
    step = max(1, len(windows) // 30)
    for number in range(0, len(windows), step):
        window = windows[number]
        sample = window.sample
        times = " | ".join(f"{value:.2f}" for value in (sample.p50, sample.p99, sample.p999))
        minute = (number + 1) * WINDOW_SECONDS / 60
        lines.append(f"| {minute:g} | {sample.rate:,.0f} | {times} | {sample.failed} | {window.megabytes:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Load, report, and return 1 where a request failed, a process was lost or memory grew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--share", type=float, default=0.7, help="of the measured maximum")
    parser.add_argument("--port", type=int, default=18180)
    parser.add_argument("--results", type=Path, default=Path(__file__).parents[1] / "results")
    told = parser.parse_args()
    if told.minutes <= 0:
        parser.error(f"--minutes is {told.minutes:g}: more than 0 is expected")
    need("wrk")
    need_port(told.port)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    container = trained()
    request = Request("/invocations", "text/csv", tuple(map(as_csv, batches(test_month(container), 1))))
    place = {"FAIRWAY_BIND_ADDRESS": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(told.port), "FAIRWAY_RELEASE": "soak"}
    began = time.monotonic()
    # Nobody keeps the log: an hour of it would fill a disk.
    with tempfile.TemporaryDirectory() as folder:
        log = Path("/dev/null")
        with running(entry_point("serve"), environment(container, **place), Path(folder), log) as pid:
            wait_for_answer(told.port, request, pid)
            highest = highest_rate(told.port, request)
            windows = load(told.port, pid, request, told.share * highest, told.minutes)
    figures = summary(windows, highest, told.share * highest)
    about = facts("make soak MINUTES=" + f"{told.minutes:g}", 3) | {
        "load": f"{CONNECTIONS} connections, one row of CSV, on a schedule at {told.share:.0%} of the maximum",
        "figures": f"of windows of {WINDOW_SECONDS} seconds; {(time.monotonic() - began) / 60:.1f} minutes in all",
    }
    content = {"facts": about, "figures": figures, "windows": [asdict(window) for window in windows]}
    (told.results / "soak.json").write_text(json.dumps(content, indent=1) + "\n")
    (told.results / "soak.md").write_text(page(about, figures, windows))
    print((told.results / "soak.md").read_text())
    return 0 if not figures["failed"] and not figures["workers_lost"] and figures["memory_growth_percent"] < 2 else 1


if __name__ == "__main__":
    sys.exit(main())
