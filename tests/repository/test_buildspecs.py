"""What CodeBuild runs: CodeBuild would take it, it calls make, and it prints no secret."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairway.twin.runtime.build_spec import parse as parse_buildspec

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z][a-z-]*):(?!=)", MAKEFILE, re.MULTILINE)
FILES = sorted((ROOT / "buildspecs").glob("*.yml"))
TESTS = {"unit", "integration", "regression"}
STEPS = TESTS | {"image", "train", "plan", "apply", "verify", "propose"}

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def commands(spec: Any) -> list[str]:
    return [command for phase in spec["phases"].values() for command in phase["commands"]]


def test_there_is_one_for_each_step():
    assert {file.stem for file in FILES} == STEPS


@each_file
def test_codebuild_takes_it(file: Path):
    parse_buildspec(file.read_text())


@each_file
def test_it_calls_make_with_targets_that_exist_and_little_else(file: Path):
    told = commands(read(file))
    called = [target for command in told for target in re.findall(r"\bmake ([a-z-]+)", command)]
    assert called[0] == "setup"
    assert set(called) <= set(TARGETS)
    assert len(file.read_text().splitlines()) <= 30
    others = [command for command in told if "make " not in command]
    assert all(re.match(r'export [A-Z]+="\$\((cat|sh) \S+\)"$|\. build/\S+$', command) for command in others), others


@each_file
def test_python_is_the_projects(file: Path):
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert read(file)["phases"]["install"]["runtime-versions"] == {"python": wanted.removeprefix(">=")}


@each_file
def test_an_environment_is_made_from_a_lock(file: Path):
    folder, lock = read(file)["env"]["variables"]["VENVS"].split(":")
    assert folder == ".venv"
    assert (ROOT / f"requirements/{lock}.txt").exists()


@each_file
def test_nothing_prints_the_environment_or_a_secret(file: Path):
    spec = read(file)
    for command in commands(spec):
        assert not re.search(r"\b(printenv|set -x|env$|echo)\b|TOKEN|SECRET|PASSWORD", command), command
    assert not {name for name in spec["env"]["variables"] if re.search("TOKEN|SECRET|PASSWORD|KEY", name)}


@each_file
def test_what_is_exported_is_set(file: Path):
    spec = read(file)
    for name in spec["env"].get("exported-variables", []):
        told = "\n".join(commands(spec))
        by_command = f"export {name}=" in told
        by_file = (
            ". build/review/variables" in told and f'"{name}"' in (ROOT / "src/fairway/cli_pipeline.py").read_text()
        )
        assert by_command or by_file, name


@pytest.mark.parametrize("name", sorted(TESTS))
def test_a_report_is_where_pytest_writes_it(name: str):
    spec = read(ROOT / f"buildspecs/{name}.yml")
    path = f"build/reports/{name}.xml"
    assert spec["env"]["variables"]["PYTEST_ADDOPTS"] == f"--junit-xml={path}"
    assert spec["reports"] == {name: {"files": [path], "file-format": "JUNITXML"}}


@pytest.mark.parametrize("name", sorted(TESTS))
def test_the_tests_that_it_names_exist(name: str):
    for path in read(ROOT / f"buildspecs/{name}.yml")["env"]["variables"][name.upper()].split():
        assert (ROOT / path).exists(), path


def test_terraform_is_one_version_everywhere():
    pinned = re.search(r"^version=(\S+)$", (ROOT / "buildspecs/terraform.sh").read_text(), re.MULTILINE)
    assert pinned
    for workflow in (ROOT / ".github/workflows").glob("*.yml"):
        assert set(re.findall(r"terraform_version: (\S+)", workflow.read_text())) <= {pinned[1]}, workflow.name
