"""The table of faults: what is wrong in the wiring, what is started, where it must fail, and what must be said."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from tests.integration.wiring.line import Change, Line, actions

MODEL, RELEASE = "flights-model", "flights-release-prod"
TRAINING, APPLYING, VERIFYING = "workflow", "apply", "verify"
"""What an execution stands before that is retried: all that comes before has gone well, once for all faults."""

Break = Callable[[Line], AbstractContextManager[None]]


def whole(_: Line) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    A pipeline of the source and `runs` alone is started, or the execution that stands before `retries` goes on; with
    neither, the pipeline's first execution is looked at.
    """

    name: str
    failed: str
    says: tuple[str, ...]
    pipeline: str = MODEL
    runs: tuple[str, ...] = ()
    retries: str = ""
    changes: tuple[Change, ...] = ()
    breaks: Break = whole
    gate: bool = False
    """Whether the gate tries it too: of each kind, one that costs little."""


def without(role: str, *sids: str) -> Break:
    return lambda line: line.without(role, *sids)


def trusting(role: str, service: str) -> Break:
    return lambda line: line.trusted(role, service)


def edited(name: str, pattern: str, replacement: str) -> Break:
    return lambda line: line.edited(name, pattern, replacement)


def project(name: str, **members: Any) -> Break:
    return lambda line: line.project(name, **members)


def both(first: Break, second: Break) -> Break:
    """Break two things, of which one must not be left to itself."""

    @contextmanager
    def break_both(line: Line) -> Iterator[None]:
        with first(line), second(line):
            yield

    return break_both


def renamed(before: str, after: str) -> Change:
    """Call an artifact otherwise, wherever the pipeline names it."""

    def rename(pipeline: dict[str, Any]) -> None:
        for action in actions(pipeline).values():
            for artifact in (*action["inputArtifacts"], *action["outputArtifacts"]):
                artifact["name"] = re.sub(f"^{before}$", after, artifact["name"])

    return rename


def only_source(action: str) -> Change:
    """Take all inputs but the source from an action."""

    def take(pipeline: dict[str, Any]) -> None:
        found = actions(pipeline)[action]
        found["inputArtifacts"] = [{"name": "source"}]
        del found["configuration"]["PrimarySource"]

    return take


def redefined(pattern: str, replacement: str) -> Break:
    return lambda line: line.redefined("flights-dev-training", pattern, replacement)
