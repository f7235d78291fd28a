"""Who may import whom: the arrows of docs/architecture.md, read from the sources."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src"
NO_COMMANDS = {"__init__", "container", "errors"}
COMMANDS = {file.stem for file in (SOURCES / "fairway").glob("*.py")} - NO_COMMANDS | {"rehearsal"}
"""The command line's own modules, above everything else but the twin, which they start as a process."""

ALLOWED = {
    "model": set(),
    "errors": set(),
    "serving": {"model", "errors"},
    "jobs": {"model", "serving", "errors"},
    "container": {"jobs", "serving", "errors"},
    "settings": {"errors"},
    "delivery": {"errors", "settings"},
    "functions": {"serving", "errors"},
    "twin": {"errors"},
    **{name: {"model", "delivery", "functions", "errors", *COMMANDS} for name in COMMANDS - {"settings"}},
}


def part_of(module: str) -> str | None:
    """Return the part of the tree that a module belongs to; None for a library, and for `fairway` itself."""
    first, _, rest = module.partition(".")
    if first == "fairway":
        return rest.partition(".")[0] or None
    return first if first == "model" else None


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield each module that a source names, also late, for types only, or by a string given to importlib."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "sources name what they import in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (str(part.value) for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant))


def arrows(file: Path) -> Iterator[tuple[str, str]]:
    name = ".".join(file.relative_to(SOURCES).with_suffix("").parts)
    part = part_of(name)
    for module in imported(ast.parse(file.read_text())):
        target = part_of(module)
        if part is not None and target not in (None, part):
            yield part, str(target)


FILES = sorted(SOURCES.rglob("*.py"))
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCES)))


@each_file
def test_every_arrow_is_allowed(file):
    for part, target in arrows(file):
        assert target in ALLOWED[part], f"{file.relative_to(SOURCES)}: {part} must not import {target}"


def test_the_parts_are_those_of_the_table():
    assert {part for file in FILES for part, _ in arrows(file)} <= set(ALLOWED)
    found = {arrow for file in FILES for arrow in arrows(file)}
    assert {("jobs", "model"), ("serving", "model"), ("cli", "delivery"), ("container", "jobs")} <= found


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("model", "from fairway.errors import FairwayError"),
        ("jobs", "import fairway.delivery.releases"),
        ("serving", "def late():\n    from fairway.twin import api"),
        ("delivery", "from fairway import twin"),
        ("functions", "from fairway.delivery import releases"),
        ("twin", "import model"),
        ("twin", "from fairway.settings import Settings"),
        ("errors", "from fairway.settings import Settings"),
        ("settings", "module = importlib.import_module('fairway.delivery.access')"),
        ("serving", "module = import_module(f'fairway.twin.{name}')"),
    ],
)
def test_a_forbidden_arrow_is_seen(part, source):
    targets = {part_of(name) for name in imported(ast.parse(source))} - {None, part}
    assert targets - ALLOWED[part]


def test_only_the_twins_base_touches_ministack():
    """`base` and its parts (`base_states` for Step Functions, …), and `image_layers`, which mends its registry."""
    touching = {
        file.relative_to(SOURCES / "fairway").as_posix()
        for file in FILES
        if any(name.partition(".")[0] == "ministack" for name in imported(ast.parse(file.read_text())))
    }
    assert "twin/base.py" in touching
    allowed = re.compile(r"twin/(base(_[a-z]+)?|image_layers)\.py")
    assert not [name for name in touching if not allowed.fullmatch(name)]


def test_the_image_imports_only_what_its_lock_holds():
    """The model, jobs and serving run where nothing but requirements/serving.txt is installed."""
    forbidden = {"boto3", "botocore", "pandas", "sklearn", "pydantic", "typer", "rich"}
    for file in FILES:
        if part_of(".".join(file.relative_to(SOURCES).with_suffix("").parts)) in (
            "model",
            "jobs",
            "serving",
            "container",
        ):
            used = {name.partition(".")[0] for name in imported(ast.parse(file.read_text()))}
            assert not used & forbidden, file
