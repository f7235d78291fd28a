"""`docs/wiring.md`: the table that `make wiring` writes between two markers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- written by make wiring -->", "<!-- end -->"
HEAD = "| What is wrong | Where it fails | What is said |\n| --- | --- | --- |\n"
LENGTH = 420
_TIME = re.compile(r"^\[Container\] \S+ \S+ ")
_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|/\S*/builds/[^/\s]+/src/?")


@dataclass(frozen=True)
class Row:
    """A fault as it went: what was wrong, the action that failed, what names the cause."""

    fault: str
    failed: str
    said: str


def cause(words: str, says: Sequence[str]) -> str:
    """Return the lines that name the cause, without what differs from run to run."""
    left, found = [text.lower() for text in says], []
    for line in words.splitlines():
        if any(text in line.lower() for text in left):
            found.append(_TIME.sub("", line.strip(" │")))
            left = [text for text in left if text not in line.lower()]
    said = _RANDOM.sub("…", " ".join(found)).replace("|", "\\|")
    return said if len(said) <= LENGTH else f"{said[:LENGTH]}…"


def write(path: Path, rows: Sequence[Row]) -> None:
    """Put the rows in place of those that the page has."""
    before, rest = path.read_text().split(BEGIN)
    table = HEAD + "".join(f"| {row.fault} | {row.failed} | {row.said} |\n" for row in rows)
    path.write_text(f"{before}{BEGIN}\n{table}{END}{rest.split(END)[1]}")


def read(path: Path) -> list[Row]:
    """Return the rows that the page has."""
    table = path.read_text().split(BEGIN)[1].split(END)[0]
    lines = [re.split(r"(?<!\\)\|", line) for line in table.strip().removeprefix(HEAD.strip()).strip().splitlines()]
    return [Row(*(cell.strip() for cell in line[1:4])) for line in lines]
