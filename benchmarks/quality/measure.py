"""Measure what the quality signal says of good and broken models on real months; write benchmarks/results/quality.*.

Models are trained as the demo does it; windows are those of serving, cut from each later month's flights, first in a
seeded random order, then as they depart. The broken ones answer with HTTP 200: nothing but the signal can tell.
Usage: python benchmarks/quality/measure.py
"""

import io
import json
import logging
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pyarrow
import pyarrow.parquet as pq

from fairway.jobs.baseline import quality_baseline
from fairway.serving.predictor import load_watch
from fairway.serving.quality import FILE, WINDOW, Baseline, count_inputs, count_scores, edges_of, psi
from fairway.serving.wsgi import Application
from model import Predictor, prepare, train, write_raw
from model.flights import OBSERVED, TREND
from model.source import MONTHS

RESULTS = Path(__file__).parents[1] / "results"
VALIDATED = ("2013-05", "2013-07", "2013-09")  # the month that each model was validated on; the demo's is July
DATE = ("year", "month", "day")
WEATHER = tuple(column.name for column in (*OBSERVED, *TREND))
Columns = dict[str, list[Any]]


def read(folder: Path, names: Sequence[str]) -> Columns:
    """Read columns, in the order of departure."""
    table = pq.read_table(folder, columns=list(names)).sort_by(
        [(name, "ascending") for name in (*DATE, "sched_dep_time")]
    )
    columns: Columns = table.to_pydict()
    return columns


def scores(predictor: Predictor, columns: Columns) -> list[float]:
    """Return the scores as serving would see them."""
    return [predictor.score(answer) for answer in predictor.predict(columns)]


def broken(predictor: Predictor, columns: Columns, random: Random) -> dict[str, list[float]]:
    """Return the scores of the good model and of each broken one, flight by flight."""
    good = scores(predictor, columns)
    mixed = {name: values if name in DATE else random.sample(values, len(values)) for name, values in columns.items()}
    lost = columns | {name: [None] * len(good) for name in WEATHER}
    return {
        "good": good,
        "inverted": [1 - score for score in good],
        "constant": [statistics.fmean(good)] * len(good),
        "columns shuffled": scores(predictor, mixed),
        "weather lost": scores(predictor, lost),
    }


def windows(baseline: Baseline, values: Sequence[float], size: int = WINDOW) -> list[float]:
    """Return the index of each whole window."""
    starts = range(0, len(values) - size + 1, size)
    return [psi(baseline.counts, count_scores(baseline.edges, values[start : start + size])) for start in starts]


def link(raw: Path, into: Path, months: Sequence[str]) -> Path:
    """Give a preparation these months of the raw files."""
    for kind in ("flights", "weather"):
        (into / kind).mkdir(parents=True)
        for month in months:
            (into / kind / f"{month}.parquet").symlink_to(raw / kind / f"{month}.parquet")
    (into / "planes.parquet").symlink_to(raw / "planes.parquet")
    return into


def months_after(root: Path, raw: Path, validated: str) -> Iterator[tuple[str, Path]]:
    """Prepare each month after a training as the test split."""
    for month in MONTHS[MONTHS.index(validated) + 1 :]:
        months = root / f"months-{month}"
        if not months.exists():
            last = MONTHS.index(month)
            prepare(link(raw, months / "raw", MONTHS[last - 2 : last + 1]), months / "data", {})
        yield month, months / "data" / "test"


def trained(root: Path, raw: Path, validated: str) -> tuple[Path, Path]:
    """Train on the months before `validated`; return the artifact, with its baseline, and the data."""
    folder = root / f"trained-{validated}"
    prepare(link(raw, folder / "raw", MONTHS[: MONTHS.index(validated) + 2]), folder / "data", {})
    train(folder / "data", folder / "artifact", {})
    baseline = quality_baseline(folder / "artifact", folder / "data")
    (folder / "artifact" / FILE).write_text(json.dumps(baseline.to_json()))
    return folder / "artifact", folder / "data"


def measured(root: Path, raw: Path, validated: str) -> list[dict[str, Any]]:
    """Return a row for each month after a training."""
    artifact, data = trained(root, raw, validated)
    predictor = Predictor.load(artifact)
    names = [column.name for column in predictor.schema.columns]
    baseline = Baseline.read(artifact)
    assert baseline is not None
    alone = {split: of_split(predictor, data / split, names) for split in ("train", "validation")}
    return [
        row(predictor, baseline, alone, read(test, names)) | {"validated": validated, "name": month}
        for month, test in months_after(root, raw, validated)
    ]


def of_split(predictor: Predictor, folder: Path, names: Sequence[str]) -> Baseline:
    """Return the baseline that would be, of one split alone."""
    values = scores(predictor, read(folder, names))
    edges = edges_of(values)
    return Baseline(edges, tuple(count_scores(edges, values)), {})


def row(predictor: Predictor, baseline: Baseline, alone: Mapping[str, Baseline], columns: Columns) -> dict[str, Any]:
    """Measure one month."""
    random = Random(7)  # noqa: S311 -- no secret
    answers = broken(predictor, columns, random)
    good, size = answers["good"], len(answers["good"])
    order = random.sample(range(size), size)
    missing, unseen = count_inputs(baseline.columns, columns, range(size))
    inputs = size * len(baseline.columns)
    return {
        "flights": size,
        "whole_month": {name: psi(each.counts, count_scores(each.edges, good)) for name, each in alone.items()}
        | {"both": psi(baseline.counts, count_scores(baseline.edges, good))},
        "shuffled": {name: spread(windows(baseline, [of[i] for i in order])) for name, of in answers.items()},
        "as_they_depart": {
            str(length): {name: spread(windows(baseline, answers[name], length)) for name in ("good", "inverted")}
            for length in (WINDOW, 2000, 5000)
        },
        "missing_share": missing / inputs,
        "unseen_share": unseen / inputs,
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the least, the median and the greatest."""
    return {"least": min(values), "median": statistics.median(values), "greatest": max(values)}


def cost(artifact: Path, test: Path) -> dict[str, float]:
    """Return the CPU of a request of one row and of watching it, in microseconds: medians of blocks taken in turns."""
    logging.getLogger("fairway").addHandler(logging.StreamHandler(io.StringIO()))
    logging.getLogger("fairway").setLevel(logging.INFO)
    predictor = Predictor.load(artifact)
    names = [column.name for column in predictor.schema.columns]
    rows = pq.read_table(test, columns=names).slice(0, WINDOW).to_pylist()
    bodies = [json.dumps({"instances": [each]}).encode() for each in rows]
    batches = [{name: [each[name]] for name in names} for each in rows]
    answers = [predictor.predict(batch) for batch in batches]
    application, watch = Application(predictor, "7"), load_watch(artifact, predictor, "7")
    assert watch is not None

    def ask(number: int) -> None:
        request = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/invocations",
            "CONTENT_TYPE": "application/json",
            "wsgi.input": io.BytesIO(bodies[number]),
        }
        application(request, lambda *_: print)

    blocks = [(cpu(ask), cpu(lambda number: watch.observe(batches[number], answers[number]))) for _ in range(15)]
    request, watching = (statistics.median(column) for column in zip(*blocks, strict=True))
    return {"request_microseconds": request, "watching_microseconds": watching, "share": watching / request}


def cpu(call: Callable[[int], None]) -> float:
    """Return the CPU of one call in microseconds, over a window of them: its log line is in it."""
    began = time.process_time()
    for number in range(WINDOW):
        call(number)
    return (time.process_time() - began) / WINDOW * 1e6


def tables(rows: Sequence[Mapping[str, Any]], costs: Mapping[str, float]) -> list[str]:
    """Return the results to read."""
    kinds = list(rows[0]["shuffled"])
    lines = [
        f"## Windows of {WINDOW} flights of a month in random order: median (greatest; of broken models, least)",
        "",
        f"| validated on | month | {' | '.join(kinds)} |",
        "| --- | --- |" + " --- |" * len(kinds),
    ]
    for each in rows:
        cells = [shown(of, "greatest" if name == "good" else "least") for name, of in each["shuffled"].items()]
        lines.append(f"| {each['validated']} | {each['name']} | {' | '.join(cells)} |")
    lines += ["", "## The same flights as they depart: a window is a morning, a day, a week, and its weather", ""]
    lengths = list(rows[0]["as_they_depart"])
    heads = [f"{name}, {length}" for length in lengths for name in ("good", "inverted")]
    lines += [f"| validated on | month | {' | '.join(heads)} |", "| --- | --- |" + " --- |" * len(heads)]
    for each in rows:
        cells = [
            shown(of, "greatest" if name == "good" else "least")
            for by_name in each["as_they_depart"].values() for name, of in by_name.items()
        ]  # fmt: skip
        lines.append(f"| {each['validated']} | {each['name']} | {' | '.join(cells)} |")
    lines += [
        "",
        "## The good model's whole months, beside the scores of validation, of training, of both (as the job does it)",
        "",
        "| validated on | month | validation | training | both | missing share | unseen share |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in rows:
        of = each["whole_month"]
        lines.append(
            f"| {each['validated']} | {each['name']} | {of['validation']:.3f} | {of['train']:.3f} | {of['both']:.3f} | "
            f"{each['missing_share']:.3f} | {each['unseen_share']:.3f} |"
        )
    return [
        *lines,
        "",
        "## What it costs",
        "",
        "CPU of a request of one row, without the HTTP server, and of watching it:",
        f"{costs['request_microseconds']:.0f} µs, and {costs['watching_microseconds']:.1f} µs: {costs['share']:.1%}.",
    ]


def shown(of: Mapping[str, float], bound: str) -> str:
    """Return a cell."""
    return f"{of['median']:.2f} ({of[bound]:.2f})"


def main() -> None:
    """Measure and report."""
    os.environ["OMP_NUM_THREADS"] = "1"  # as in serving
    with tempfile.TemporaryDirectory() as folder:
        root, raw = Path(folder), Path(folder) / "raw"
        write_raw(raw, MONTHS)
        rows = [each for validated in VALIDATED for each in measured(root, raw, validated)]
        costs = cost(root / "trained-2013-07" / "artifact", root / "trained-2013-07" / "data" / "test")
    facts = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "pyarrow": pyarrow.__version__,
        "command": "python benchmarks/quality/measure.py",
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "quality.json").write_text(json.dumps({"facts": facts, "months": rows, "cost": costs}, indent=1) + "\n")
    heading = ["# The quality signal, measured", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    text = "\n".join([*heading, *tables(rows, costs)]) + "\n"
    (RESULTS / "quality.md").write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
