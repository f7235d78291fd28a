"""`make demo`: the whole of it on one machine, in a copy of the checkout that the user's own tree never notices."""

import json
from itertools import pairwise

from fairway import console, workflow
from fairway.console import Steps, out
from fairway.delivery import access, releases
from fairway.errors import NoReleaseError
from fairway.rehearsal import flow, main_job, story
from fairway.rehearsal.report import write_report
from fairway.settings import Settings


def rehearse(told: Settings, *, first_only: bool = False) -> None:
    """Do the main job, then let pushes and merges bring models to production; `first_only` is the main job alone.

    From nothing, or from where an earlier rehearsal on the same twin was left.
    """
    stage = main_job.begin(told)
    copy, steps = stage.copy, stage.steps
    main_job.provision_environments(stage, copy.environments[:1])
    with main_job.provisioning_others(stage):
        if first_only or main_job.is_new(stage):
            main_job.release_to_first(stage, main_job.train(stage))
    if not first_only:
        tell_story(told, stage)
    stage.plans.settle()
    report(told, copy, steps, releases.read(workflow.release_path(copy, copy.environments[0])).current)


def tell_story(told: Settings, stage: main_job.Stage) -> None:
    """Follow the pipelines while a team works on a model that is in production, and write what they did."""
    for source, target in pairwise(stage.copy.environments):
        if main_job.is_new(stage, target):
            stage.plans.settle(target)
            story.promote(stage, source, target)
            stage.plans.look(target, "its first release")
    flow.connect(stage)
    team = flow.follow(stage, story.Story())
    with team.board.following():
        record = flow.tell(team)
    story.hear_quality(stage, team.told)
    stage.plans.settle()
    write_report(told.build / "rehearsal.html", team.told, record, team.runs, stage.plans.made)
    for chapter in team.told.chapters:
        out.print(f"  {chapter.title}: {chapter.outcome} in {chapter.ended - chapter.began:.0f} s, "
                  f"{chapter.sent} requests, {chapter.failed} failed")  # fmt: skip
    for run in team.runs:
        stage.steps.seconds[f"{run.pipeline} {run.commit[:8]}"] = run.seconds


def report(told: Settings, copy: Settings, steps: Steps, release: releases.Release | None) -> None:
    """Print what came of it, and how to go on."""
    if release is None:
        raise NoReleaseError(copy.environments[0])
    rows = {name: f"{value:.4f}" for name, value in release.metrics.items()}
    model = {"version": release.version, "image": release.image, "commit": release.git_sha, **rows}
    out.print(console.table("Model", model))
    endpoint = f"{copy.project.project}-{copy.environments[0]}"
    answer = workflow.invoke_golden(copy, copy.environments[0], endpoint)
    predictions = json.dumps(answer.response)
    out.print(console.table("Endpoint", {"answers": predictions[:160] + ("…" if len(predictions) > 160 else "")}))
    timings = {title: f"{took:.1f} s" for title, took in steps.seconds.items()}
    out.print(console.table("Time", {**timings, "all": f"{steps.elapsed:.1f} s"}))
    (told.build / "rehearsal/timings.json").write_text(json.dumps(steps.seconds, indent=2) + "\n")
    out.print(
        f"The twin is up on {access.twin_endpoint(told)}. Go on in the copy:\n"
        f"  cd {copy.root.relative_to(told.root)}\n"
        "  make plan ENV=dev       # No changes\n"
        "  make invoke ENV=dev     # the golden requests again\n"
        "  make status             # what Git wants beside what runs\n"
        '  eval "$(make -s env)"   # then aws, boto3 and terraform talk to the twin\n'
        "  make destroy ENV=dev    # and make down ends the twin"
    )
