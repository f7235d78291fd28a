"""Measure the preparation beside one written with pandas, at 1 and 10 million rows; write benchmarks/results/prepare.*.

Each run is a process of its own: its seconds (of the work, without imports), its CPU, the most memory it ever had.
They take turns, so that their ratio outlives the machine's mood; what both leave is compared, column by column.
Usage: python -m benchmarks.training.prepare [--rows 1000000 10000000] [--rounds 3] [--folder FOLDER]
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from benchmarks.training.generate import generate

REPOSITORY = Path(__file__).parents[2]
RESULTS = REPOSITORY / "benchmarks/results"
NAMES = ("ours", "pandas")
MEMORY_MB, GROWTH = 600, 1.2


def ours(raw: Path, out: Path) -> float:
    """Prepare as the job does."""
    from model.preparation import prepare  # noqa: PLC0415 -- each process imports what it measures only

    begun = time.perf_counter()
    prepare(raw, out, {})
    return time.perf_counter() - begun


def with_pandas(raw: Path, out: Path) -> float:
    """Prepare as one would in a notebook: whole tables, merges, the same columns and files."""
    from benchmarks.training import prepare_pandas  # noqa: PLC0415

    begun = time.perf_counter()
    prepare_pandas.prepare(raw, out)
    return time.perf_counter() - begun


def run_one(name: str, raw: Path, out: Path) -> None:
    """Be the process that is measured; its last line is the figures."""
    seconds = {"ours": ours, "pandas": with_pandas}[name](raw, out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak_mb": peak_mb()}
    sys.stdout.write(json.dumps(figures) + "\n")


def peak_mb() -> float:
    """Return the most memory that this process had; `ru_maxrss` begins with what its parent had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure(name: str, raw: Path, out: Path) -> dict[str, float]:
    """Run one process and return its figures."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.training.prepare", "--one", name, str(raw), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def differences(first: Path, second: Path) -> list[str]:
    """Return where two outputs hold something else, by file and column, floats to nine places."""
    found = []
    for file in sorted(first.glob("*/*.parquet")):
        other = second / file.relative_to(first)
        for name in pq.read_schema(file).names:
            here, there = (pq.read_table(each, columns=[name])[name].combine_chunks() for each in (file, other))
            if not here.equals(there.cast(here.type)) and not _near(here, there):
                found.append(f"{file.relative_to(first)}: {name}")
    return found


def _near(here: Any, there: Any) -> bool:
    if len(here) != len(there) or here.null_count != there.null_count:
        return False
    return bool(pc.max(pc.abs(pc.subtract(here, there))).as_py() < 1e-9)


def compare(folder: Path, rows: int, rounds: int) -> dict[str, Any]:
    """Measure both on so many rows."""
    raw = folder / f"raw-{rows}"
    if not raw.exists():
        generate(raw, rows)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
    for _ in range(rounds):
        for name in NAMES:
            runs[name].append(measure(name, raw, folder / name))
    result: dict[str, Any] = {
        name: {key: statistics.median(run[key] for run in its) for key in its[0]} for name, its in runs.items()
    }
    result["differences"] = differences(folder / "ours", folder / "pandas")
    result["load"] = os.getloadavg()[0]
    return result


def page(report: dict[str, Any]) -> str:
    """Return the figures as a page, with what they are held to."""
    machine = report["machine"]
    tools = f"Python {machine['python']}, pyarrow {machine['pyarrow']}, pandas {machine['pandas']}"
    made = (
        "Made by `python -m benchmarks.training.prepare` of flights in the shape of the example's, twelve months "
        f"(`generate.py`): median of {report['rounds']} runs of each, in turns, a process each. "
        f"{machine['cores']} cores, shared with other work (its load is in `prepare.json`), {tools}."
    )
    heads = "| rows | | seconds | CPU seconds, with imports | peak memory | rows a second |"
    lines = ["# Preparing raw months", "", made, "", heads, "| --- | --- | --- | --- | --- | --- |"]
    for rows, its in report["rows"].items():
        for name in NAMES:
            one = its[name]
            cells = [f"{int(rows):,}", name, f"{one['seconds']:.1f}", f"{one['cpu']:.1f}", f"{one['peak_mb']:.0f} MB"]
            lines.append(f"| {' | '.join([*cells, format(round(int(rows) / one['seconds']), ',')])} |")
    return "\n".join([*lines, "", *verdicts(report["rows"])]) + "\n"


def verdicts(rows: dict[str, Any]) -> list[str]:
    """Return what the figures are held to, and whether they keep to it."""
    small, large = rows[min(rows, key=int)], rows[max(rows, key=int)]
    peak, growth = large["ours"]["peak_mb"], large["ours"]["peak_mb"] / small["ours"]["peak_mb"]
    said = [
        (peak < MEMORY_MB, f"under {MEMORY_MB} MB at the larger size: {peak:.0f} MB"),
        (growth <= GROWTH, f"within 20 % of its peak at the smaller size: {growth - 1:+.0%}"),
    ]
    for count, its in rows.items():
        ratio = its["pandas"]["seconds"] / its["ours"]["seconds"]
        said.append((ratio >= 1, f"at least as fast as pandas at {int(count):,} rows: {ratio:.1f} times"))
        same = not its["differences"]
        said.append(
            (same, f"what both leave at {int(count):,} rows is the same: {its['differences'] or 'all columns'}")
        )
    return [f"- {'kept' if kept else '**missed**'}: {sentence}" for kept, sentence in said]


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--one", nargs=3, metavar=("NAME", "RAW", "OUT"), help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.one:
        run_one(told.one[0], Path(told.one[1]), Path(told.one[2]))
        return
    folder = told.folder or Path(tempfile.mkdtemp())
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    machine |= {name: version(name) for name in ("pyarrow", "pandas")}
    rows = {str(count): compare(folder, count, told.rounds) for count in told.rows}
    report = {"machine": machine, "rounds": told.rounds, "rows": rows}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "prepare.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "prepare.md").write_text(page(report), encoding="utf-8")
    if told.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
