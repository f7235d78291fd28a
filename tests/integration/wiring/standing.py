"""Executions of the pipelines that have come as far as one stage, and are tried again from there, fault after fault."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.integration.wiring.faults import APPLYING, MODEL, RELEASE, TRAINING, VERIFYING, Fault
from tests.integration.wiring.line import Failure, Line
from tests.integration.wiring.table import UNSEEN

from fairway.delivery import pipelines

STAGES = {TRAINING: "Train", APPLYING: "Apply", VERIFYING: "Verify"}


@dataclass
class Standing:
    """A line, and its executions by what they stand before."""

    line: Line
    executions: dict[str, str] = field(default_factory=dict)

    def provoke(self, fault: Fault) -> Failure:
        """Let a fault happen; return how the pipeline failed."""
        line = self.line
        if fault.retries:
            execution = self.before(fault.retries)
            with fault.breaks(line):
                line.retry(fault.pipeline, execution, STAGES[fault.retries])
                return line.failure(fault.pipeline, execution)
        if not fault.runs:
            return line.failure(fault.pipeline, line.first(fault.pipeline))
        if fault.pipeline == MODEL:
            self.before(TRAINING)  # it has exported what a shortened pipeline is given
        with line.declared(fault.pipeline, line.only(*fault.runs), *fault.changes), fault.breaks(line):
            return line.failure(fault.pipeline, line.start(fault.pipeline))

    def before(self, action: str) -> str:
        """Return the execution that stands before an action; all that comes before it has gone well."""
        if action not in self.executions:
            make: Mapping[str, Callable[[], str]] = {
                TRAINING: self._train, APPLYING: self._approve, VERIFYING: self._apply,
            }  # fmt: skip
            self.executions[action] = make[action]()
        return self.executions[action]

    def _train(self) -> str:
        """Run all before the workflow, which may not be started; without the statements that nothing asks for."""
        runs = ("Test/unit", "Test/integration", "Image/image", "Train/train", "Train/workflow")
        with self._without_unseen(), self.line.without("flights-model-pipeline", "Workflows"):
            with self.line.declared(MODEL, self.line.only(*runs)):
                execution = self.line.start(MODEL)
            failed = self.line.failure(MODEL, execution)
        assert failed.action == TRAINING, failed.words
        self.line.given |= self.line.exported(MODEL, execution)
        self.line.given["workflow.ExecutionArn"] = self.line.failed_execution()
        return execution

    def _approve(self) -> str:
        """Run all before the apply, which may not deploy."""
        with self._without_unseen(), self.line.without("flights-build-apply", "Deploy"):
            execution = self.line.start(RELEASE)
            pipelines.approve(self.line.client("codepipeline"), self.line.asked(RELEASE, execution), "Read.")
            failed = self.line.failure(RELEASE, execution)
        assert failed.action == APPLYING, failed.words
        return execution

    def _apply(self) -> str:
        """Let the apply go well; the verification may not read."""
        execution = self.before(APPLYING)
        with self._without_unseen(), self.line.without("flights-build-verify", "Plan"):
            self.line.retry(RELEASE, execution, "Apply")
            failed = self.line.failure(RELEASE, execution)
        assert failed.action == VERIFYING, failed.words
        return execution

    def _without_unseen(self) -> ExitStack:
        stack = ExitStack()
        for role, sids in UNSEEN.items():
            stack.enter_context(self.line.without(role, *sids))
        return stack


def succeeded(line: Line, pipeline: str, execution: str) -> Sequence[str]:
    """Return the actions of an execution that have ended well, each once."""
    found = pipelines.actions_of(line.client("codepipeline"), pipeline, execution)
    return sorted({action.name for action in found if action.status == "Succeeded"})
