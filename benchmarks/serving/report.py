"""The results: a JSON file, a page of tables and a plot."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.serving.contestants import Contestant
from benchmarks.serving.goals import SERVER, verdicts
from benchmarks.serving.measuring import CONNECTIONS, IN_PROCESS, JUDGED, KINDS, Cell
from benchmarks.serving.plot import draw

Table = list[dict[str, Any]]
ROUNDS = f"{JUDGED} in every round, others in the first"
CEILING = (
    "Granian answering a constant is what no application on it could be better than, with wrk on the same two cores: "
    "the faster a server answers, the larger is wrk's own part of them. A goal beyond that column cannot be met here."
)
REFERENCE = (
    "The reference is what a good engineer writes in the usual layout: nginx, gunicorn with a synchronous worker a "
    "core, Flask, pandas, the project's own encoding, XGBoost. It predicts by a DMatrix, as XGBoost's documentation, "
    "the default functions of SageMaker's XGBoost container and BentoML's example do; `inplace_predict` would save it "
    "a part of the trees' time. It validates nothing, which ours does. Pinned, it has one thread, as ours; unpinned is "
    "how it comes."
)


def write(
    results: Path,
    contestants: Sequence[Contestant],
    cells: Sequence[Cell],
    resources: Mapping[str, dict[str, float]],
    command: str,
) -> None:
    """Write serving.json, serving.md and serving.png."""
    results.mkdir(parents=True, exist_ok=True)
    rows = table(cells)
    goals = verdicts(cells, resources)
    about = {
        "facts": facts(command, max(cell.round for cell in cells)) | {"connections": ROUNDS},
        "versions": {each.name: each.versions() for each in contestants},
    }
    content = {**about, "goals": goals, "medians": rows, "resources": resources}
    samples = ",\n  ".join(json.dumps(asdict(cell)) for cell in cells)  # a line each
    text = json.dumps(content, indent=1).removesuffix("\n}")
    (results / "serving.json").write_text(f'{text},\n "samples": [\n  {samples}\n ]\n}}\n')
    (results / "serving.md").write_text(page(about, goals, rows, resources, contestants))
    draw(rows, results / "serving.png")
    print((results / "serving.md").read_text())


def facts(command: str, rounds: int) -> dict[str, str]:
    """Say what was measured where."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {processor()}, {platform.system()}",
        "python": platform.python_version(),
        "load": f"{wrk_version()}, one thread, loopback; each answer asked for when the last one came",
        "figures": f"medians of {rounds} rounds, in each of which everyone has a turn; ratios are of one round",
        "command": command,
    } | ({} if rounds > 2 else {"standing": "preliminary: a short run on a busy machine, no result"})


def processor() -> str:
    """Return the processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


def wrk_version() -> str:
    """Return wrk's name and version."""
    said = subprocess.run([shutil.which("wrk") or "wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return " ".join(said.split()[:2])


def table(cells: Sequence[Cell]) -> Table:
    """Return medians, in the order in which they were measured."""
    keys = dict.fromkeys((cell.rows, cell.kind, cell.connections, cell.contestant) for cell in cells)
    return [_row(key, cells) for key in keys]


def _row(key: tuple[int, str, int, str], cells: Sequence[Cell]) -> dict[str, Any]:
    size, kind, connections, name = key
    mine = [cell for cell in cells if (cell.rows, cell.kind, cell.connections, cell.contestant) == key]

    def median(figure: Callable[[Cell], float]) -> float:
        return statistics.median(figure(cell) for cell in mine)

    return {
        "rows": size,
        "kind": kind,
        "connections": connections,
        "contestant": name,
        "requests_per_second": median(lambda cell: cell.sample.rate),
        "cpu_microseconds": median(lambda cell: cell.cpu_microseconds),
        "p50_ms": median(lambda cell: cell.sample.p50),
        "p99_ms": median(lambda cell: cell.sample.p99),
        "failed": sum(cell.sample.failed for cell in mine),
    }


def _goals(goals: Sequence[dict[str, Any]]) -> list[str]:
    lines = [f"| goal | wanted | measured | | {SERVER} | its CPU a request over ours |", "| --- |" + " --- |" * 5]
    for goal in goals:
        met = "met" if goal["met"] else "**missed**"
        limits = f"{goal.get('server_alone', '-')} | {goal.get('cpu_ratio', '-')}"
        lines.append(f"| {goal['goal']} | {goal['wanted']} | {goal['measured']} | {met} | {limits} |")
    return [*lines, "", CEILING, "", REFERENCE]


def page(
    about: dict[str, Any],
    goals: Sequence[dict[str, Any]],
    rows: Table,
    resources: Mapping[str, dict[str, float]],
    contestants: Sequence[Contestant],
) -> str:
    """Return the page."""
    lines = ["# Serving, measured beside its peers", ""]
    lines += [f"- {name}: {value}" for name, value in about["facts"].items()]
    lines += ["", "![requests a second](serving.png)", "", "## What it had to show", "", *_goals(goals)]
    lines += ["", "## Who", "", "| contestant | versions | protocol |", "| --- | --- | --- |"]
    lines += [f"| {each.name} | {about['versions'][each.name]} | {_protocol(each)} |" for each in contestants]
    lines += [f"| {name} | ours, without HTTP, in two processes | |" for name in IN_PROCESS]
    lines += ["", "## Start and memory", ""]
    lines += ["| contestant | start to first answer, s | PSS a worker, MB | RSS a worker, MB | PSS of all, MB |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    for name, each in resources.items():
        figures = (each[key] for key in ("proportional", "resident", "all_proportional"))
        lines.append(f"| {name} | {each['first_answer_seconds']:.2f} | {' | '.join(f'{f:.0f}' for f in figures)} |")
    for size in dict.fromkeys(row["rows"] for row in rows):
        for kind in KINDS:
            lines += [
                "",
                f"## {size:,} row{'s' if size > 1 else ''} of {kind.upper()}",
                "",
                *_figures(rows, size, kind),
            ]
    return "\n".join(lines) + "\n"


def _protocol(contestant: Contestant) -> str:
    said = {kind: contestant.request(kind, []).protocol for kind in KINDS}
    return "; ".join(f"{kind.upper()}: {text}" for kind, text in said.items() if text)


def _figures(rows: Table, size: int, kind: str) -> list[str]:
    lines = ["| connections | contestant | requests/s | CPU µs a request | p50 ms | p99 ms | failed |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
    for connections in (*CONNECTIONS, 0):
        for row in rows:
            if (row["rows"], row["kind"], row["connections"]) == (size, kind, connections):
                figures = (f"{row[key]:,.0f}" for key in ("requests_per_second", "cpu_microseconds"))
                times = (f"{row[key]:.2f}" for key in ("p50_ms", "p99_ms"))
                cells = (str(connections or "-"), row["contestant"], *figures, *times, str(row["failed"]))
                lines.append(f"| {' | '.join(cells)} |")
    return lines
