"""`docs/rollouts.md`: the table that a run of `make rollouts` writes between two markers, and reads again."""

import re
from collections.abc import Sequence
from pathlib import Path

from fairway.rehearsal.strategies import Cell, Exposure

BEGIN, END = "<!-- written by make rollouts -->", "<!-- end -->"
COLUMNS = (
    "Strategy", "Release", "Outcome", "Sent", "Failed", "Answered by it", "Bound", "Seconds", "AWS's seconds",
    "Terraform", "Plan afterwards", "Git afterwards",
)  # fmt: skip
_GIT = re.compile(r"wants (?P<wanted>\d+), (?P<runs>\d+) runs(?:; #(?P<pull>\d+) merged)?")
_EXPOSURE = re.compile(r"(?P<answered>\d+) of (?P<of>\d+) \([\d.]+ %\)")


def row(cell: Cell) -> tuple[str, ...]:
    """Return a cell as the table shows it."""
    merged = f"; #{cell.reverted_by} merged" if cell.reverted_by is not None else ""
    share = f"{cell.exposure.answered} of {cell.exposure.of} ({cell.exposure.share * 100:.1f} %)"
    return (
        cell.strategy, cell.release, cell.outcome, str(cell.sent), str(cell.failed), share, f"{cell.bound * 100:.0f} %",
        f"{cell.seconds:.1f}", f"{cell.aws_seconds:.0f}", str(cell.exit_code),
        "empty" if cell.plan_empty else "changes", f"wants {cell.wanted}, {cell.runs} runs{merged}",
    )  # fmt: skip


def parse(line: str) -> Cell:
    """Read a row of the table; ValueError where it is not what `row` wrote."""
    given = [part.strip() for part in line.strip().strip("|").split("|")]
    if len(given) != len(COLUMNS):
        raise ValueError(f"{len(COLUMNS)} columns are expected: {line}")
    strategy, release, outcome, sent, failed, exposed, _, seconds, aws_seconds, code, plan, said = given
    exposure, told = _EXPOSURE.fullmatch(exposed), _GIT.fullmatch(said)
    if exposure is None or told is None:
        raise ValueError(f"not a row of the table: {line}")
    return Cell(
        strategy, release, outcome, int(sent), int(failed), Exposure(int(exposure["answered"]), int(exposure["of"])),
        float(seconds), float(aws_seconds), int(code), plan == "empty", told["wanted"], told["runs"],
        int(told["pull"]) if told["pull"] else None,
    )  # fmt: skip


def table(cells: Sequence[Cell]) -> str:
    """Return the cells as a table of Markdown."""
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *map(row, cells)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def read(page: Path) -> list[Cell]:
    """Return the cells of a page; ValueError where its table has other columns than this code writes."""
    written = _parts(page.read_text())[1]
    lines = [line for line in written.splitlines() if line.startswith("|")]
    if not lines or lines[0] != f"| {' | '.join(COLUMNS)} |":
        raise ValueError(f"{page.name} was written by other code: its columns are {lines[:1]}")
    return [parse(line) for line in lines[2:]]


def write(page: Path, cells: Sequence[Cell], made: str) -> None:
    """Replace what stands between the page's markers; `made` is how it came about, in a sentence or more."""
    before, _, after = _parts(page.read_text())
    page.write_text(f"{before}{BEGIN}\n{table(cells)}\n{made}\n{END}{after}")


def _parts(text: str) -> tuple[str, str, str]:
    before, begun, rest = text.partition(BEGIN)
    written, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"the markers {BEGIN} and {END} are expected")
    return before, written, after
