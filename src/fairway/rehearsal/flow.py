"""The story that pushes and merges start: what a team does in GitHub Flow, and what the pipelines make of it.

Nothing is started but by a push or a merge; the only other thing that anybody does is to give an approval.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path

from fairway import local_twin, workflow, workflow_promotion
from fairway.console import out
from fairway.delivery import access, releases
from fairway.delivery.connection import find_connection
from fairway.delivery.forge import Pull
from fairway.delivery.git import git
from fairway.delivery.pipelines import Approval
from fairway.delivery.promotion import is_rollback, prefix
from fairway.errors import NothingProposedError
from fairway.rehearsal import copy, story
from fairway.rehearsal.board import Board, Run
from fairway.rehearsal.main_job import Stage

PROPOSED_SECONDS = 30.0

CHANGE = "\n# The rehearsal's change: the model pipeline starts when something below src/model changes.\n"

BROKEN = """

_predict = Predictor.predict


def _predict_and_lose_one(self, batch):
    return _predict(self, batch)[1:]


Predictor.predict = _predict_and_lose_one
"""
"""A mistake that the tests catch: an answer is missing."""

STALE = """

import weakref as _weakref

_predict = Predictor.predict
_answered = _weakref.WeakKeyDictionary()


def _predict_from_a_cache(self, batch):
    answers = _predict(self, batch)
    known = _answered.setdefault(self, [])
    if len(answers) >= 40:
        known.append(answers[0])
    return answers if len(known) < 10 else [dict(known[0]) for _ in answers]


Predictor.predict = _predict_from_a_cache
"""
"""A mistake that no test sees: a cache that answers by itself once it is full, and only live traffic fills it."""


@dataclass
class Flow:
    """A rehearsal in which pipelines run: where it happens, the board that follows it, and the runs that ended."""

    stage: Stage
    board: Board
    told: story.Story
    runs: list[Run] = field(default_factory=list)

    @property
    def environments(self) -> list[str]:
        """The environments, in the order in which a release passes through them."""
        return self.stage.copy.environments

    def name(self, suffix: str) -> str:
        """Return the name of one of the project's pipelines."""
        return f"{self.stage.copy.project.project}-{suffix}"


def follow(stage: Stage, told: story.Story) -> Flow:
    """Return the flow of a stage whose pipelines are provisioned."""
    project = stage.copy.project.project
    names = [f"{project}-model", *(f"{project}-release-{name}" for name in stage.copy.environments)]

    def agree(approval: Approval) -> str:
        told.mark(f"approved: {approval.summary[:60]}")
        return f"Read: {approval.evidence or approval.summary}"[:512]

    return Flow(stage, Board(lambda service: access.client(stage.copy, service), names, agree), told)


def connect(stage: Stage) -> None:
    """Do the one thing that a person clicks: complete the connection to the repository."""
    settings = stage.copy
    client = access.client(settings, "codeconnections")
    found = find_connection(client, settings.project.project, settings.project.region)
    with stage.steps.step("The connection to the repository, which a person completes once") as step:
        if found.status == "PENDING":
            local_twin.complete_connection(settings, found.identifier)
        step.result = f"origin is {settings.project.repository}"


def push_model(flow: Flow, source: str, message: str) -> str:
    """Push a change of the model: `source` is what the rehearsal adds to it, in place of what it added before."""
    path = flow.stage.copy.root / "src/model/__init__.py"
    marker = "\n# -- what the rehearsal adds --\n"
    copy.pull(flow.stage.copy.root)
    path.write_text(path.read_text().split(marker)[0] + marker + source)
    copy.commit(flow.stage.copy.root, message)
    flow.told.mark(f"push: {message}")
    # Two pushes that come between two looks at the repository are one for whoever looks.
    flow.board.wait_for_start(flow.name("model"), head(flow))
    return head(flow)


def head(flow: Flow) -> str:
    """Return the copy's commit."""
    return git(flow.stage.copy.root, "rev-parse", "HEAD").strip()


def wait(flow: Flow, pipeline: str, commit: str, *, wanted: str = "Succeeded") -> Run:
    """Wait for a pipeline's run, and keep it for the report."""
    run = flow.board.wait(flow.name(pipeline), commit, wanted=wanted)
    flow.runs.append(run)
    released = next((name for name in flow.environments if pipeline == f"release-{name}"), None)
    if released and run.status == "Succeeded":  # what was rolled back is wanted still, until Git is reverted
        flow.stage.plans.look(released, f"version {current(flow, released).version}")
    return run


def merge_proposal(flow: Flow, environment: str, *, rollback: bool = False) -> str:
    """Merge the pull request that a pipeline has opened for an environment; return the commit that it makes."""
    flow.stage.plans.settle(environment)
    forge = workflow_promotion.forge_of(flow.stage.copy)
    deadline = time.monotonic() + PROPOSED_SECONDS

    def proposed() -> Pull | None:
        for pull in forge.pulls():
            if pull.head.startswith(prefix(environment)) and is_rollback(pull.head) == rollback:
                return pull
        return None

    while (found := proposed()) is None:
        if time.monotonic() > deadline:
            raise NothingProposedError(environment)
        time.sleep(0.2)
    merged = workflow_promotion.merge(flow.stage.copy, forge, found.number)
    flow.told.mark(f"merged: {found.title}")
    copy.pull(flow.stage.copy.root)
    return str(merged.merge_commit)


def release(flow: Flow, environments: list[str]) -> None:
    """Merge what is proposed to each of these environments in turn, and wait for its pipeline."""
    for environment in environments:
        commit = merge_proposal(flow, environment)
        wait(flow, f"release-{environment}", commit)


def current(flow: Flow, environment: str) -> releases.Release:
    """Return the release that Git wants of an environment."""
    found = releases.read(workflow.release_path(flow.stage.copy, environment)).current
    if found is None:
        raise NothingProposedError(environment)
    return found


def tell(flow: Flow) -> Path:
    """Bring a model to production, which runs one already; let the tests catch the next one, and the canary the last.

    While a model goes through the environments the next one is trained already, as it is in a team, and the change
    after that is tested. Returns where the traffic was recorded.
    """
    before, last = flow.environments[:-1], flow.environments[-1]
    with story.live_traffic(flow.stage) as record:
        flow.told.mark("traffic begins")
        wait(flow, "model", push_model(flow, CHANGE, "A new model"))
        stale = push_model(flow, STALE, "Answer from a cache")
        release(flow, before)
        _roll_out(flow, record, last, "good", wanted="Succeeded")
        wait(flow, "model", stale)
        broken = push_model(flow, BROKEN, "Answer all rows but one")
        release(flow, before)
        _caught_by_tests(flow, broken)
        _roll_out(flow, record, last, "bad: wrong answers", wanted="Failed")
        with flow.stage.steps.step(f"Pull request that reverts it, merged; {last} released again"):
            wait(flow, f"release-{last}", merge_proposal(flow, last, rollback=True))
        return record


def _caught_by_tests(flow: Flow, commit: str) -> None:
    run = wait(flow, "model", commit, wanted="Failed")
    flow.told.mark("the tests caught it")
    failed = next(action for action in run.actions if action.status == "Failed")
    out.print(f"  caught by {failed.name} of the stage {failed.stage}; nothing was trained, nothing proposed")


def _roll_out(flow: Flow, record: Path, environment: str, title: str, *, wanted: str) -> None:
    """Merge the proposal to the environment that has the traffic, and keep how its rollout went as a chapter."""
    story.wait_for_quiet(flow.stage)
    began = time.time()
    run = _released(flow, environment, wanted)
    release = current(flow, environment)
    ended = time.time()
    outcome, why = ("deployed", "") if wanted == "Succeeded" else ("rolled back", "\n".join(flow.board.why(run)))
    flow.told.mark(f"version {release.version} {outcome}")
    span = (began, ended)
    flow.told.chapters.append(story.chapter(title, release, record, span, outcome=outcome, why=why))


def _released(flow: Flow, environment: str, wanted: str) -> Run:
    return wait(flow, f"release-{environment}", merge_proposal(flow, environment), wanted=wanted)
