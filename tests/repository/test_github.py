"""What GitHub runs and guards; zizmor and the workflows' schema are hooks of pre-commit."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairway.settings import Settings, code_owners

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github"
TARGETS = re.findall(r"^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))

each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)


def jobs(file: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(file.read_text())["jobs"]
    return told


@each_workflow
def test_every_action_is_a_commit_with_its_version_beside_it(file: Path):
    used = re.findall(r"uses: (.*)", file.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@each_workflow
def test_nothing_is_permitted_but_to_a_job_by_name(file: Path):
    assert yaml.safe_load(file.read_text())["permissions"] == {}
    for job in jobs(file).values():
        assert job["permissions"]["contents"] == "read"
        assert job["timeout-minutes"] <= 90


@each_workflow
def test_it_runs_what_a_person_can_run(file: Path):
    for step in (step for job in jobs(file).values() for step in job["steps"] if "run" in step):
        if target := re.fullmatch(r"make ([a-z-]+)", step["run"]):
            assert target[1] in TARGETS
        else:
            assert step["run"] == ".ci/run" or step["run"].startswith("gh pr comment ")


@each_workflow
def test_there_are_no_keys_but_githubs_own_token(file: Path):
    assert "secrets." not in file.read_text()


def test_a_pull_request_gets_an_identity_that_reads_and_no_other():
    with_identity = [file.stem for file in WORKFLOWS if "id-token" in file.read_text()]
    assert with_identity == ["plan"]
    assert "role-to-assume: ${{ vars.AWS_PLAN_ROLE_ARN }}" in (FOLDER / "workflows/plan.yml").read_text()
    assert ":role/%s-plan" in (FOLDER / "protect.sh").read_text()


def test_the_checks_that_a_branch_requires_are_jobs():
    rules = {
        rule["type"]: rule.get("parameters") for rule in json.loads((FOLDER / "ruleset.json").read_text())["rules"]
    }
    required = {check["context"] for check in rules["required_status_checks"]["required_status_checks"]}
    assert required <= {name for file in WORKFLOWS for name in jobs(file)}
    assert rules["pull_request"]["require_code_owner_review"] is True
    assert {"deletion", "non_fast_forward"} <= rules.keys()


def test_production_has_owners_of_the_repositorys_own():
    assert (FOLDER / "CODEOWNERS").read_text() == code_owners(Settings.load(ROOT, {}).project.repository)
