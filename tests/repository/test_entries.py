"""The Makefile is the only entry: it documents itself, and what the documents show are its targets."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z][a-z-]*):(?!=)", MAKEFILE, re.MULTILINE)
PAGES = sorted(
    name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()
    if (ROOT / name).exists()
)  # fmt: skip
DEMO = ["demo", "plan", "invoke", "status", "history", "destroy", "down"]
"""What README shows under "Try it" beside `make test`; tests/integration/main_job and story run each of them."""


def recipe(target: str) -> list[str]:
    found = re.search(rf"^{target}:[^\n]*\n((?:\t[^\n]*\n)*)", MAKEFILE, re.MULTILINE)
    assert found, target
    return [line.strip() for line in found[1].splitlines()]


def shown(page: str) -> list[list[str]]:
    """Return the words of each make command that a page shows, fenced or in a sentence."""
    text = (ROOT / page).read_text()
    return [
        line.split("#")[0].split()[1:] for line in re.findall(r"(?:^|`)(make(?: +[\w$()=./-]+)+)", text, re.MULTILINE)
    ]


def test_every_target_is_phony_and_documented():
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert sorted(phony[1].split()) == sorted(TARGETS)
    for target in TARGETS:
        assert re.search(rf"^{target}:.*## [A-Z]", MAKEFILE, re.MULTILINE), f"{target} has no words for `make help`"


def test_help_lists_every_target():
    # `make check` runs this test: a make below another one tells its folder.
    answer = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [line.split()[0:2] for line in answer.stdout.splitlines()] == [["make", target] for target in TARGETS]


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_one_or_two_lines(target):
    assert len(recipe(target)) <= 2


def test_a_target_that_names_long_tests_asks_for_them():
    named = [(target, line) for target in TARGETS for line in recipe(target) if "pytest" in line and " tests/" in line]
    folders = {line: ROOT / line.split()[-1] for _, line in named}
    long = [
        line
        for line, folder in folders.items()
        if all("pytest.mark.long" in test.read_text() for test in folder.glob("**/test_*.py"))
    ]
    assert long, "none is found: this test has nothing to hold"
    assert [line for line in long if "-m long" not in line] == [], "all tests of it would be deselected"


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_are_targets(page):
    for words in shown(page):
        asked = [word for word in words if "=" not in word and not word.startswith(("-", "$"))]
        assert set(asked) <= set(TARGETS), f"{page}: make {' '.join(words)}"


def test_the_demo_that_the_readme_shows_is_the_one_that_is_tested():
    trying = (ROOT / "README.md").read_text().partition("## Try it")[2].partition("\n## ")[0]
    fenced = "".join(re.findall(r"```console\n(.*?)```", trying, re.DOTALL))
    commands = [words for line in fenced.splitlines() if (words := line.split("#")[0].split())]
    assert [words[1] for words in commands if words[0] == "make"] == ["demo", "test", *DEMO[1:]]


def test_lint_runs_the_hooks_and_nothing_else():
    assert recipe("lint") == [".venv/bin/pre-commit run --all-files --show-diff-on-failure"]
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [each["repo"] for each in repositories] == ["local"], "a hook from elsewhere is downloaded"
    hooks = {hook["id"]: hook["entry"] for hook in repositories[0]["hooks"]}
    assert {"ruff", "ruff-format", "mypy", "terraform-fmt", "checkov", "shellcheck", "hadolint"} <= set(hooks)
    for entry in hooks.values():
        assert entry.startswith((".venv/bin/", ".venv-checkov/bin/", "terraform ", "make ")), entry


def test_ci_runs_what_a_contributor_runs():
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "make check"
    assert re.search(r"^check: lint test ", MAKEFILE, re.MULTILINE)
    assert recipe("test") == [
        "$(PYTEST) $(UNIT) $(INTEGRATION) $(REGRESSION) $(ALONE:%=--ignore=%)",
        ".venv/bin/pytest $(ALONE)",
    ]
