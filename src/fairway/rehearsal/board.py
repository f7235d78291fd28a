"""Follows the project's pipelines from outside, as their console does: what runs, what ended, what awaits a word."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.live import Live
from rich.markup import escape
from rich.table import Table

from fairway.console import out
from fairway.delivery import pipelines
from fairway.delivery.pipelines import Action, Approval
from fairway.errors import PipelineEndedError, PipelineSilentError

POLL_SECONDS = 0.5
START_SECONDS, RUN_SECONDS = 60.0, 600.0
"""Longer than a pipeline of a rehearsal takes to begin, and to end, on a machine that does much else beside."""


@dataclass
class Run:
    """An execution of a pipeline, as far as it has come."""

    pipeline: str
    execution: str
    commit: str
    status: str
    actions: list[Action] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.status not in pipelines.RUNNING

    @property
    def seconds(self) -> float:
        """How long it took, or has taken."""
        return max((action.ended for action in self.actions), default=0.0) - min(
            (action.began for action in self.actions), default=0.0
        )

    def stages(self) -> dict[str, float]:
        """Return the seconds of each stage that has begun, in their order."""
        spans: dict[str, tuple[float, float]] = {}
        for action in self.actions:
            began, ended = spans.get(action.stage, (action.began, action.ended))
            spans[action.stage] = min(began, action.began), max(ended, action.ended)
        return {stage: ended - began for stage, (began, ended) in spans.items()}


@dataclass
class Board:
    """All runs of some pipelines since it was made; `clients` makes a client of a service by its name."""

    clients: Callable[[str], Any]
    names: Sequence[str]
    on_approval: Callable[[Approval], str]
    """Reads what an approval is asked for, and returns the words with which it is given."""
    runs: dict[str, Run] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _trouble: BaseException | None = None

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow, and show what runs, as long as the block runs."""
        ended = threading.Event()
        with Live(console=out, get_renderable=self.shown, refresh_per_second=4, transient=True):
            thread = threading.Thread(target=self._follow, args=(ended,), name="board", daemon=True)
            thread.start()
            try:
                yield
            finally:
                ended.set()
                thread.join()

    def wait(self, pipeline: str, commit: str, *, wanted: str = "Succeeded") -> Run:
        """Wait until the run of a pipeline for a commit has ended, and return it.

        Raises `PipelineEndedError` with the reason if it did not end as `wanted`, and `PipelineSilentError` if it does
        not end at all.
        """

        def ended() -> Run | None:
            return next(
                (r for r in self.runs.values() if (r.pipeline, r.commit) == (pipeline, commit) and r.over), None
            )

        deadline = time.monotonic() + RUN_SECONDS
        with self._changed:
            while (run := ended()) is None:
                if self._trouble is not None:
                    raise self._trouble
                if time.monotonic() > deadline:
                    listens = pipelines.listens_to(self.clients("codepipeline"), pipeline)
                    raise PipelineSilentError(pipeline, commit, RUN_SECONDS, listens)
                self._changed.wait(timeout=1.0)
        if run.status != wanted:
            raise PipelineEndedError(pipeline, commit, run.status, wanted, self.why(run))
        return run

    def wait_for_start(self, pipeline: str, commit: str) -> None:
        """Wait until a pipeline runs for a commit; `PipelineSilentError` if it does not begin to."""
        deadline = time.monotonic() + START_SECONDS
        with self._changed:
            while not any((run.pipeline, run.commit) == (pipeline, commit) for run in self.runs.values()):
                if self._trouble is not None:
                    raise self._trouble
                if time.monotonic() > deadline:
                    raise PipelineSilentError(pipeline, commit, START_SECONDS)
                self._changed.wait(timeout=1.0)

    def why(self, run: Run) -> list[str]:
        """Return why a run failed."""
        return pipelines.failure_of(run.actions, self.clients("codebuild"), self.clients("logs"))

    def shown(self) -> Table:
        """Return what runs now, a line for each run."""
        table = Table.grid(padding=(0, 1))
        for run in [run for run in self.runs.values() if not run.over]:
            stages = " → ".join(f"{stage} {seconds:.0f} s" for stage, seconds in run.stages().items())
            table.add_row("[cyan]…[/]", f"{run.pipeline} [dim]{run.commit[:8]}[/]", escape(stages))
        return table

    def _follow(self, ended: threading.Event) -> None:
        client = self.clients("codepipeline")
        while not ended.wait(POLL_SECONDS):
            try:
                for name in self.names:
                    self._look(client, name)
            except Exception as error:  # noqa: BLE001 -- whoever waits is told
                with self._changed:
                    self._trouble = error
                    self._changed.notify_all()
                return

    def _look(self, client: Any, name: str) -> None:
        for each in client.list_pipeline_executions(pipelineName=name, maxResults=10)["pipelineExecutionSummaries"]:
            known = self.runs.get(each["pipelineExecutionId"])
            commits = [revision.get("revisionId", "") for revision in each.get("sourceRevisions", [])]
            if (known is not None and known.over) or not commits:
                continue
            actions = pipelines.actions_of(client, name, each["pipelineExecutionId"])
            self._note(Run(name, each["pipelineExecutionId"], commits[0], each["status"], actions))
        if (asked := pipelines.approval_of(client, name)) is not None:
            pipelines.approve(client, asked, self.on_approval(asked))

    def _note(self, run: Run) -> None:
        with self._changed:
            self.runs[run.execution] = run
            self._changed.notify_all()
        if run.over:
            mark = "[green]✓[/]" if run.status == "Succeeded" else "[yellow]✗[/]"
            stages = ", ".join(f"{stage} {seconds:.0f}" for stage, seconds in run.stages().items())
            out.print(
                f"{mark} {run.seconds:6.1f} s  {run.pipeline} {run.commit[:8]}: {run.status}  [dim]{escape(stages)}[/]"
            )
