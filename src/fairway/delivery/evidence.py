"""The body of a promotion's pull request: why this release, beside the one that it replaces. A pure function."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fairway.delivery.evaluation import ROWS, Evaluation, Goal, gain
from fairway.delivery.releases import Release

LIMIT = 65_536
"""GitHub takes no longer body, in characters."""

SHOWN = 20
"""More slices or files than these are counted, not listed."""

QUOTE_LINES, QUOTE_WIDTH = 100, 200
"""What is shown of other programs' words, as a plan is; all of them are where they were said."""


@dataclass(frozen=True)
class Evidence:
    """All that the body is made from; what is None was not to be had, and `notes` say why."""

    environment: str
    release: Release
    source: str | None
    """The environment that runs the release; None when it is a rollback to what ran before."""
    champion: Release | None
    evaluation: Evaluation | None
    champion_evaluation: Evaluation | None
    plan: str | None = None
    commits: str | None = None
    """The address that a commit's SHA is appended to, where the forge shows commits."""
    reason: str = ""
    notes: tuple[str, ...] = ()


def render(evidence: Evidence) -> str:
    """Return the body as Markdown; the same evidence is the same text, never longer than GitHub takes."""
    sections = [
        _head(evidence), _metrics(evidence), _slices(evidence), _plan(evidence), _back(evidence), _lineage(evidence),
    ]  # fmt: skip
    return _fit("\n\n".join("\n".join(lines) for lines in sections if lines) + "\n")


def _head(evidence: Evidence) -> list[str]:
    release, champion = evidence.release, evidence.champion
    replaced = f"It replaces version {champion.version}" if champion else "It is the first release there"
    if evidence.source is None:
        moves = f"**{evidence.environment}** goes back to **version {release.version}**."
    else:
        moves = f"**Version {release.version}** goes from {evidence.source} to **{evidence.environment}**."
    lines = [f"{moves} {replaced}."]
    if evidence.reason:
        reason = evidence.reason.strip()
        lines += ["", "Reason:", "", *_quoted(reason)] if "\n" in reason else ["", f"Reason: {reason}"]
    return lines + [line for note in evidence.notes for line in ("", f"> **Note** {note}")]


def _metrics(evidence: Evidence) -> list[str]:
    goals = _goals(evidence)
    new, old = evidence.release.metrics, evidence.champion.metrics if evidence.champion else {}
    names = sorted(new.keys() | old.keys(), key=lambda name: (name not in goals, name))
    was = f"version {evidence.champion.version}" if evidence.champion else "none before"
    lines = ["## Metrics", "", f"| metric | version {evidence.release.version} | {was} | change | |",
             "| --- | ---: | ---: | ---: | --- |"]  # fmt: skip
    lines += [_row([f"`{name}`", *_compare(new.get(name), old.get(name), goals.get(name))]) for name in names]
    return [*lines, "", *_samples(evidence)]


def _compare(new: float | None, old: float | None, goal: Goal | None) -> list[str]:
    if new is None or old is None:
        return [_number(new), _number(old), "", ""]
    better = gain(goal, old, new)
    word = "" if better is None else "same" if better == 0 else "better" if better > 0 else "**worse**"
    return [_number(new), _number(old), f"{new - old:+.4g}", word]


def _samples(evidence: Evidence) -> Iterator[str]:
    told = [(evidence.release, evidence.evaluation), (evidence.champion, evidence.champion_evaluation)]
    for release, evaluation in told:
        if release and evaluation and ROWS in evaluation.metrics:
            yield f"Version {release.version} was measured on {evaluation.metrics[ROWS]:,.0f} rows."
    ours, theirs = evidence.evaluation, evidence.champion_evaluation
    if ours and theirs:
        same = ours.lineage.test_data == theirs.lineage.test_data
        yield (
            "Both were measured on the same test data." if same else
            "**They were measured on different test data**: a change may be the data's as well as the model's."
        )  # fmt: skip


def _slices(evidence: Evidence) -> list[str]:
    lines = ["## Slices that got worse", ""]
    ours, theirs = evidence.evaluation, evidence.champion_evaluation
    if ours is None or theirs is None:
        return [*lines, "There are no two evaluations to compare slice by slice."]
    compared = list(_compared(ours, theirs, _goals(evidence)))
    worse = sorted((slice_ for slice_ in compared if slice_.gain < 0), key=lambda each: (each.gain, each.name))
    counted = f"{len(worse) or 'None'} of {len(compared)} comparisons (a metric of a slice that both evaluations have)"
    if not worse:
        return [*lines, f"{counted}."]
    lines += [f"{counted}, the largest loss first.", "", "| slice | metric | now | was | change | rows |",
              "| --- | --- | ---: | ---: | ---: | ---: |"]  # fmt: skip
    lines += [
        _row([each.name, f"`{each.metric}`", _number(each.new), _number(each.old), f"{each.new - each.old:+.4g}",
              f"{each.rows:,.0f}" if each.rows is not None else "?"])
        for each in worse[:SHOWN]
    ]  # fmt: skip
    return [*lines, *_rest(len(worse), "comparisons")]


@dataclass(frozen=True)
class _Slice:
    name: str
    metric: str
    new: float
    old: float
    gain: float
    rows: float | None


def _compared(ours: Evaluation, theirs: Evaluation, goals: Mapping[str, Goal]) -> Iterator[_Slice]:
    for dimension in sorted(ours.slices.keys() & theirs.slices.keys()):
        new, old = ours.slices[dimension], theirs.slices[dimension]
        for value in sorted(new.keys() & old.keys()):
            for metric, goal in sorted(goals.items()):
                if metric not in new[value] or metric not in old[value]:
                    continue
                better = gain(goal, old[value][metric], new[value][metric])
                if better is not None:
                    name = f"{_cell(dimension)} = {_cell(value)}"
                    yield _Slice(name, metric, new[value][metric], old[value][metric], better, new[value].get(ROWS))


def _plan(evidence: Evidence) -> list[str]:
    return [] if evidence.plan is None else ["## Plan", "", *_quoted(evidence.plan)]


def _quoted(text: str) -> list[str]:
    """Return another program's words, in a fence that is longer than any in them."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    lines = text.rstrip().splitlines()
    shown = [line[:QUOTE_WIDTH] for line in lines[:QUOTE_LINES]]
    cut = [] if len(lines) <= QUOTE_LINES else ["", f"… and {len(lines) - QUOTE_LINES} more lines."]
    return [f"{fence}text", *shown, fence, *cut]


def _lineage(evidence: Evidence) -> list[str]:
    release, evaluation = evidence.release, evidence.evaluation
    commit = (
        f"[`{release.git_sha}`]({evidence.commits}{release.git_sha})" if evidence.commits else f"`{release.git_sha}`"
    )
    rows = {
        "commit": commit,
        "image": f"`{release.image}`",
        "model package": f"`{release.model_package_arn}`",
        "artifact": f"`{release.model_data_url}`",
        "artifact's SHA-256": f"`{release.model_data_sha256}`",
    }
    lines = ["## Lineage", "", "| | |", "| --- | --- |", *(_row([name, value]) for name, value in rows.items())]
    if evaluation is None:
        return lines
    hyperparameters = sorted(evaluation.lineage.hyperparameters.items())
    listed = (
        ", ".join(f"`{_cell(name)}` = `{_cell(value)}`" for name, value in hyperparameters) or "the model's defaults"
    )
    data = sorted(evaluation.lineage.data.items())
    lines += [_row(["hyperparameters", listed]), "", "| data | SHA-256 |", "| --- | --- |"]
    lines += [_row([f"`{_cell(name)}`", f"`{_cell(digest)}`"]) for name, digest in data[:SHOWN]]
    return [*lines, *_rest(len(data), "files")]


def _back(evidence: Evidence) -> list[str]:
    name, champion = evidence.environment, evidence.champion
    lines = ["## How to roll back", ""]
    if champion is None:
        sentence = f"{name} has no release to go back to: revert the merge of this pull request, then"
        return [*lines, f"{sentence} `make plan apply ENV={name}` removes the endpoint."]
    return [
        *lines, f"Version {champion.version} stays ready beside the new one:", "", "```sh",
        f'make rollback ENV={name} REASON="what is wrong"   # opens the pull request that swaps the two',
        "make merge PR=<its number>", f"make plan apply ENV={name}", "```",
    ]  # fmt: skip


def _goals(evidence: Evidence) -> Mapping[str, Goal]:
    return evidence.evaluation.gate.goals if evidence.evaluation else {}


def _rest(count: int, what: str) -> list[str]:
    return ["", f"… and {count - SHOWN} more {what}."] if count > SHOWN else []


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    """Return text of the model's own that cannot break a table."""
    return text.replace("\n", " ").replace("|", "\\|").replace("`", "'")


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _fit(body: str) -> str:
    if len(body) <= LIMIT:
        return body
    end = (
        f"\n\n… cut here: a pull request's text has {LIMIT:,} characters at most. The model registry holds all of it.\n"
    )
    return body[: LIMIT - len(end)].rsplit("\n", 1)[0] + end
