"""The results: a JSON file, a page of tables and a plot."""

import json
import statistics
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.training import estimate
from benchmarks.training.goals import verdicts
from benchmarks.training.measuring import Contestant, Measured, to_json
from benchmarks.training.plot import draw

ABOUT = """\
Each measurement is a process of its own, the contestants have their turns one after the other, figures are medians of
the turns. One thread each, where nothing else is said; two hosts are two processes of one thread on loopback addresses.
The rows are generated in the shape of the example's (`generate.py`): twelve months, of which ten are trained on, one
validates. `ours` is the loop of rounds of the model (which tells each round and keeps checkpoints), `plain` is
`xgboost.train` with the same parameters on the same matrix in the same process, in turns. `one host` and `two hosts`
are the whole of the job's `train`, from Parquet files to an artifact, with its checkpoints and its report. The peers
get the encoded rows as arrays, and the same learning rate, depth, rounds and share of columns. `cores of others` is
what else the machine did meanwhile, at the most; where it is empty nobody looked."""

EXTRAPOLATED = f"""\
Extrapolated, not measured: nothing here ran on AWS. A training of r rounds on n rows is taken to last *rest* + r times
*a round*, each of them a constant and so much a row. Hosts h and threads t divide the part of the rows by h^a and t^b,
with the exponents of two against one, as measured above. Rows that half of an instance's memory does not hold are kept
on disk, at the factor that was measured. **Assumed**: a vCPU is as fast as a core of this machine, and every further
doubling is worth what the first one was; of more than two hosts or threads nothing is known. Left out: the minutes in
which SageMaker starts instances, copies from and to S3, volumes. All {estimate.ROUNDS} rounds are counted; early
stopping ends before."""


def write(results: Path, sizes: Sequence[Measured], prices: estimate.Prices, facts: Mapping[str, str]) -> None:
    """Write training.json, training.md and training.png; `facts` say where, when and how it was measured."""
    goals = verdicts(sizes)
    model, line = estimate.Model.fit(sizes), estimate.prepared_line(sizes)
    estimates = {
        "model": estimate.parts(model) | {"prepare, s": line.start, "prepare, µs a row": line.slope * 1e6},
        "left out": estimate.left_out(sizes),
        "preparing": estimate.preparing_table(line, prices),
        "training": estimate.training_table(model, prices),
    }
    content = {"facts": facts, "goals": goals, "sizes": [to_json(each) for each in sizes], "estimates": estimates}
    results.mkdir(parents=True, exist_ok=True)
    (results / "training.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (results / "training.md").write_text(_page(facts, goals, sizes, estimates, prices), encoding="utf-8")
    draw(sizes, results / "training.png")
    print((results / "training.md").read_text(encoding="utf-8"))


def _page(
    facts: Mapping[str, str],
    goals: Sequence[dict[str, Any]],
    sizes: Sequence[Measured],
    estimates: dict[str, Any],
    prices: estimate.Prices,
) -> str:
    lines = ["# Training, measured beside its peers", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", ABOUT, "", "![seconds by rows](training.png)", "", "## What it had to show", ""]
    lines += _table(("goal", "wanted", "measured", ""), [_goal(goal) for goal in goals])
    lines += ["", "## Preparing", "", *_preparing(sizes)]
    for each in sizes:
        turns = "1 turn" if each.size.turns == 1 else f"{each.size.turns} turns"
        lines += [
            "",
            f"## Training on {each.size.rows:,} rows: {each.size.rounds} rounds, {turns}",
            "",
            *_training(each),
        ]
    return "\n".join([*lines, "", *_estimates(estimates, prices)]) + "\n"


def _goal(goal: dict[str, Any]) -> list[str]:
    return [goal["goal"], goal["wanted"], goal["measured"], "met" if goal["met"] else "**missed**"]


def _preparing(sizes: Sequence[Measured]) -> list[str]:
    rows = []
    for each in sizes:
        for contestant in each.size.preparing:
            seconds = each.seconds("preparing", contestant)
            pace = f"{each.size.rows / seconds:,.0f}"
            peak = f"{each.peak_mb('preparing', contestant):,.0f}"
            others = _others(each, "preparing", contestant)
            rows.append([f"{each.size.rows:,}", contestant.name, f"{seconds:.1f}", pace, peak, others])
    return _table(("rows", "", "seconds", "rows a second", "peak MB", "cores of others"), rows)


def _others(measured: Measured, stage: str, contestant: Contestant) -> str:
    others = measured.others(stage, contestant)
    return "" if others is None else f"{others:.1f}"


def _training(measured: Measured) -> list[str]:
    areas, rows = measured.areas(), []
    for contestant in measured.size.training:
        peak = f"{measured.peak_mb('training', contestant):,.0f}"
        sample = measured.training[contestant.name][0]
        phases = {phase: measured.seconds("training", contestant, phase) for phase in sample["seconds"]}
        for name, seconds in _by_name(contestant.name, phases, measured).items():
            cells = [f"{seconds[key]:.1f}" if key in seconds else "" for key in ("all", "bins", "trees")]
            others = _others(measured, "training", contestant)
            rows.append([name, *cells, peak, f"{areas[name]:.4f}", others])
    return _table(("", "seconds", "of them: reading, bins", "trees", "peak MB", "AUC", "cores of others"), rows)


def _by_name(name: str, phases: dict[str, float], measured: Measured) -> dict[str, dict[str, float]]:
    """Return what a contestant took by phase; of the pair, both, whose bins are the same ones."""
    if turns := [turn for sample in measured.training[name] for turn in sample.get("turns", ())]:
        middle = {each: statistics.median(turn[each] for turn in turns) for each in ("ours", "plain")}
        return {each: {"all": phases["bins"] + seconds, "trees": seconds, **phases} for each, seconds in middle.items()}
    return {name: {"all": sum(phases.values()), **phases} if "all" not in phases else phases}


def _estimates(estimates: dict[str, Any], prices: estimate.Prices) -> list[str]:
    lines = ["## What it would take on AWS", "", *textwrap.wrap(EXTRAPOLATED, 120), ""]
    lines += _table(("constant", "value"), [[name, f"{value:.3g}"] for name, value in estimates["model"].items()])
    lines += ["", "How far a model of the other sizes is from a size that it was not fitted on:", ""]
    keys = [key for key in estimates["left out"][0] if key != "rows"]
    errors = [[f"{each['rows']:,}", *(f"{each[key]:+.0%}" for key in keys)] for each in estimates["left out"]]
    lines += _table(("rows left out", *keys), errors)
    about = f"Prices of {prices.region}, from `instances.json`, which is yours to fill (benchmarks/README.md). "
    lines += ["", *textwrap.wrap(about + prices.source, 120)]
    lines += ["", "Preparing (one thread works, whatever the instance has; each instance needs a file):", ""]
    lines += _table(("rows", "instances", "time", "$"), [_estimate(each) for each in estimates["preparing"]])
    lines += ["", "Training:", ""]
    cells = [[*_estimate(each), "disk" if each["on_disk"] else "memory"] for each in estimates["training"]]
    return [*lines, *_table(("rows", "instances", "time", "$", "rows kept in"), cells)]


def _estimate(entry: dict[str, Any]) -> list[str]:
    dollars = "" if entry["dollars"] is None else f"{entry['dollars']:.2f}"
    return [f"{entry['rows']:,}", f"{entry['count']} {entry['instance']}", _time(entry["seconds"]), dollars]


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
