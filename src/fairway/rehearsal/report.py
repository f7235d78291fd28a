"""`build/rehearsal.html`: what the traffic saw over time, as one self-contained page."""

import html
import io
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fairway.rehearsal.board import Run
from fairway.rehearsal.second_plans import SecondPlan
from fairway.rehearsal.story import Story, failed
from fairway.traffic import Sent, read_record

# Okabe and Ito's colours, which people with any kind of colour vision tell apart.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The rehearsal</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #ddd; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
svg {{ width: 100%; height: auto; }}
pre {{ white-space: pre-wrap; margin: 0; font-size: .8rem; }}
</style>
</head>
<body>
<h1>The rehearsal</h1>
<p>{sent} requests were sent to production, {failures} of them got no answer. The dashed lines mark what happened.</p>
{figure}
<h2>Rollouts</h2>
<table id="rollouts">
<thead><tr><th>Release</th><th>Version</th><th>Outcome</th><th>Seconds</th><th>Requests</th><th>Failed</th>
<th>Why</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
{pipelines}
{plans}
</body>
</html>
"""

PIPELINES = """<h2>Pipelines</h2>
<table id="pipelines">
<thead><tr><th>Pipeline</th><th>Commit</th><th>Outcome</th><th>Seconds</th><th>By stage</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>"""


PLANS = """<h2>Second plans</h2>
<p>After each step Terraform had nothing left to do.</p>
<table id="plans">
<thead><tr><th>Root</th><th>After</th><th>Seconds</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>"""


def write_report(
    path: Path, story: Story, record: Path, runs: Sequence[Run] = (), plans: Sequence[SecondPlan] = ()
) -> None:
    """Draw the record of the traffic, tell the rollouts, the pipelines' runs and second plans; `path` is replaced."""
    sent = sorted(read_record(record), key=lambda each: each.at)
    rows = "\n".join(
        f"<tr><td>{html.escape(chapter.title)}</td><td>{chapter.release}</td><td>{chapter.outcome}</td>"
        f'<td class="number">{chapter.ended - chapter.began:.1f}</td><td class="number">{chapter.sent}</td>'
        f'<td class="number">{chapter.failed}</td><td><pre>{html.escape(chapter.why)}</pre></td></tr>'
        for chapter in story.chapters
    )
    failures = sum(map(failed, sent))
    path.write_text(PAGE.format(sent=len(sent), failures=failures, figure=draw(sent, story), rows=rows,
                                pipelines=_pipelines(runs), plans=_plans(plans)))  # fmt: skip


def _plans(plans: Sequence[SecondPlan]) -> str:
    rows = "\n".join(
        f"<tr><td>{html.escape(plan.root)}</td><td>{html.escape(plan.after)}</td>"
        f'<td class="number">{plan.seconds:.1f}</td></tr>'
        for plan in plans
    )
    return PLANS.format(rows=rows) if plans else ""


def _pipelines(runs: Sequence[Run]) -> str:
    if not runs:
        return ""
    rows = "\n".join(
        f"<tr><td>{run.pipeline}</td><td>{run.commit[:8]}</td><td>{run.status}</td>"
        f'<td class="number">{run.seconds:.1f}</td><td>'
        + ", ".join(f"{html.escape(stage)} {seconds:.1f} s" for stage, seconds in run.stages().items())
        + "</td></tr>"
        for run in runs
    )
    return PIPELINES.format(rows=rows)


def draw(sent: Sequence[Sent], story: Story) -> str:
    """Return an SVG with the share of traffic by release, latency, errors and quality over time."""
    begin = sent[0].at if sent else 0.0
    seconds: dict[int, list[Sent]] = defaultdict(list)
    for each in sent:
        seconds[int(each.at - begin)].append(each)
    versions = {each.release for each in sent if each.release} | {window.release for window in story.windows}
    colours = {version: COLOURS[at % len(COLOURS)] for at, version in enumerate(sorted(versions, key=int))}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "fairway", "font.size": 9}):
        figure = Figure(figsize=(11, 10), layout="constrained")
        shares, latency, errors, quality = figure.subplots(4, 1, sharex=True)
        _draw_shares(shares, seconds, colours)
        _draw_latency(latency, seconds)
        _draw_errors(errors, seconds)
        _draw_quality(quality, story, colours, begin)
        for axes in (shares, latency, errors, quality):
            for event in story.events:
                axes.axvline(event.at - begin, color="#888", linestyle="--", linewidth=0.8)
        for event in story.events:
            shares.text(
                event.at - begin, 1.02, event.what, rotation=30, fontsize=7, transform=shares.get_xaxis_transform()
            )
        quality.set_xlabel("seconds")
        drawn = io.StringIO()
        figure.savefig(
            drawn, format="svg", metadata={"Date": None, "Title": "Traffic, latency, errors and quality over time"}
        )
    text = drawn.getvalue()
    return text[text.index("<svg") :]  # an XML declaration has no place inside a page


def _draw_shares(axes: Axes, seconds: dict[int, list[Sent]], colours: Mapping[str, str]) -> None:
    times = sorted(seconds)
    answering = {each.release for every in seconds.values() for each in every}
    versions = [version for version in colours if version in answering]
    shares = [
        [sum(each.release == version for each in seconds[at]) / len(seconds[at]) for at in times]
        for version in versions
    ]
    if times and versions:
        labels = [f"version {version}" for version in versions]
        axes.stackplot(times, shares, labels=labels, colors=[colours[version] for version in versions])
        axes.legend(loc="lower left", fontsize=7, ncols=len(versions))
    axes.set(ylabel="share of answers", ylim=(0, 1))


def _draw_latency(axes: Axes, seconds: dict[int, list[Sent]]) -> None:
    times = sorted(at for at in seconds if any(not failed(each) for each in seconds[at]))
    answered = [sorted(each.seconds * 1000 for each in seconds[at] if not failed(each)) for at in times]
    axes.plot(times, [statistics.median(each) for each in answered], color=COLOURS[0], label="median")
    axes.plot(times, [each[-1] for each in answered], color=COLOURS[3], linewidth=0.8, label="slowest")
    axes.set(ylabel="latency, ms", yscale="log")
    axes.legend(loc="upper left", fontsize=7)


def _draw_errors(axes: Axes, seconds: dict[int, list[Sent]]) -> None:
    times = sorted(seconds)
    axes.bar(times, [sum(map(failed, seconds[at])) for at in times], width=1.0, color=COLOURS[3])
    axes.set(ylabel="without an answer")


def _draw_quality(axes: Axes, story: Story, colours: Mapping[str, str], begin: float) -> None:
    for version, colour in colours.items():
        windows = [window for window in story.windows if window.release == version]
        if windows:
            at, shifts = [window.at - begin for window in windows], [window.psi for window in windows]
            axes.plot(at, shifts, ".", color=colour, label=f"version {version}", gid=f"quality-{version}")
    if story.threshold is not None:
        label = f"the alarm's threshold, {story.threshold:g}"
        axes.axhline(story.threshold, color=COLOURS[4], label=label, gid="quality-threshold")
    # A good release is near 0, a wrong one far beyond any threshold: both are to be seen.
    axes.set(ylabel="shift of predictions, PSI", yscale="symlog", ylim=(0, None))
    if story.windows or story.threshold is not None:
        axes.legend(loc="upper left", fontsize=7)
