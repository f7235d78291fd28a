"""What the command line prints: one console for the person, progress that leaves a line behind for each step."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass
class Steps:
    """Shows what is being done, and keeps how long each step took."""

    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning: steps may run beside each other, so it is not their sum."""
        return time.perf_counter() - self.began

    @contextmanager
    def step(self, title: str) -> Iterator["Step"]:
        """Show a step while it runs; on success leave a line with its time."""
        began = time.perf_counter()
        with out.status(title) as status:
            step = Step(title, status.update)
            yield step
        took = time.perf_counter() - began
        self.seconds[title] = self.seconds.get(title, 0.0) + took  # a step that is taken twice counts twice
        out.print(f"[green]✓[/] {took:6.1f} s  {title}" + (f"  [dim]{escape(step.result)}[/]" if step.result else ""))


@dataclass
class Step:
    """A step that is running."""

    title: str
    update: Callable[[str], None]
    result: str = ""

    def listen(self, line: str) -> None:
        """Show a line of the step's own output beside its title."""
        if line.strip():
            self.update(f"{self.title}  [dim]{escape(line.strip()[:100])}[/]")


def table(title: str, rows: Mapping[str, str]) -> Table:
    """Make a table of names and values."""
    made = Table(title=title, show_header=False, title_justify="left", title_style="bold")
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows.items():
        made.add_row(name, escape(value))
    return made
