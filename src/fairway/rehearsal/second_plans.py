"""After each step of the story: has Terraform nothing left to do? Planned while the next step goes on."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from fairway.console import out
from fairway.delivery.provision import Provisioner
from fairway.errors import DriftAfterApplyError
from fairway.settings import Settings


@dataclass(frozen=True)
class SecondPlan:
    """A plan that was empty: of which root, after what, and how many seconds it took."""

    root: str
    after: str
    seconds: float


@dataclass
class SecondPlans:
    """Second plans of a copy's roots, one at a time: most of a step is waiting, and a plan fits in between.

    Whoever changes a root again settles it first, or it would be planned while it changes.
    """

    copy: Settings
    made: list[SecondPlan] = field(default_factory=list)
    _waited_for: dict[str, Future[None]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "second-plan"))

    def look(self, root: str, after: str) -> None:
        """Plan a root again, in the background."""
        self.settle(root)
        self._waited_for[root] = self._pool.submit(self._plan, root, after)

    def settle(self, *roots: str) -> None:
        """Wait for the plans of roots, of all without any; `DriftAfterApplyError` unless they are empty."""
        for root in roots or tuple(self._waited_for):
            if (waited_for := self._waited_for.pop(root, None)) is not None:
                waited_for.result()

    def _plan(self, root: str, after: str) -> None:
        began, lines = time.perf_counter(), list[str]()
        file = self.copy.build / "rehearsal" / f"second-{root}.tfplan"
        try:  # without the lock: a pipeline that was faster than this plan must not be kept from the state
            plan = Provisioner(self.copy, listen=lines.append, locking=False).plan(root, file=file)
        finally:
            file.unlink(missing_ok=True)
        if plan.changes:
            raise DriftAfterApplyError(root, "\n".join(lines))
        self.made.append(SecondPlan(root, after, time.perf_counter() - began))
        out.print(f"[green]✓[/] {self.made[-1].seconds:6.1f} s  {root}: the plan is empty  [dim]after {after}[/]")
