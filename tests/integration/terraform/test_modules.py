"""`terraform test`, which validates too, offline, in every folder of the Terraform tree."""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fairway.delivery.mirror import find_mirror, write_cli_config

HERE = Path(__file__).parent
TERRAFORM = HERE.parents[2] / "terraform"
FOLDERS = sorted(file.parent for file in TERRAFORM.rglob("main.tf") if ".terraform" not in file.parts)

ENVIRONMENTS = [folder for folder in FOLDERS if folder.parent.name == "environments"]
OTHERS = [folder for folder in FOLDERS if folder not in ENVIRONMENTS]

INIT = ["init", "-backend=false", "-lockfile=readonly", "-input=false"]


FASTER = {"GOGC": "400"}
"""Memory for time: the provider, started three times a run, collects garbage a quarter of its time."""


def environment_in(folder: Path) -> dict[str, str]:
    """Return the caller's environment without the caller's AWS, and Terraform's own files outside of the tree."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    own = {"TF_DATA_DIR": str(folder / "data"), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", **FASTER}
    if mirror := find_mirror():
        own["TF_CLI_CONFIG_FILE"] = str(write_cli_config(folder / "terraform.rc", mirror))
    return inherited | own


@pytest.fixture
def environment(tmp_path):
    return environment_in(tmp_path)


def terraform(folder: Path, environment: dict[str, str], *commands: list[str]) -> str:
    """Run Terraform commands, each of which must succeed, and return what the last one said."""
    for command in commands:
        done = subprocess.run(
            ["terraform", *command, "-no-color"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What Terraform says of every folder, the longest first, two at a time."""

    def check(folder: Path) -> str:
        environment = environment_in(tmp_path_factory.mktemp("terraform"))
        return terraform(folder, environment, INIT, ["test"])

    def runs(folder: Path) -> int:
        return sum(file.read_text().count('\nrun "') for file in folder.glob("*.tftest.hcl"))

    with ThreadPoolExecutor(max_workers=2) as pool:
        yield {folder: pool.submit(check, folder) for folder in sorted(OTHERS, key=runs, reverse=True)}


@pytest.mark.parametrize("folder", OTHERS, ids=lambda folder: str(folder.relative_to(TERRAFORM)))
def test_a_folder_passes_its_tests(folder, answers):
    assert ", 0 failed." in answers[folder].result()


@pytest.fixture
def copied(tmp_path):
    """A copy of the tree without releases, whose project.json and tests can be others."""
    for part in ("terraform", "pipelines"):
        shutil.copytree(TERRAFORM.parent / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform"))
    shutil.copy(TERRAFORM.parent / "project.json", tmp_path)
    for release in tmp_path.glob("terraform/environments/*/release.json"):
        release.write_text('{"current": null, "previous": null}')
    return tmp_path


@pytest.mark.parametrize("folder", ENVIRONMENTS, ids=lambda folder: folder.name)
def test_an_environment_passes_its_tests_and_its_settings_are_valid(folder, environment, copied):
    copy = copied / folder.relative_to(TERRAFORM.parent)
    shutil.copy(HERE / "settings.tftest.hcl", copy)
    assert "its_settings_are_valid" in terraform(copy, environment, INIT, ["test"])


def with_accounts(copied: Path, accounts: dict[str, str]) -> None:
    path = copied / "project.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"project": "flights", "accounts": accounts}))


def test_an_environment_may_have_an_account_of_its_own(environment, copied):
    named = json.loads((copied / "project.json").read_text())["accounts"]
    with_accounts(copied, named | {"delivery": "111111111111", "prod": "222222222222"})
    shutil.copy(HERE / "accounts.tftest.hcl", copied / "terraform/bootstrap")
    said = terraform(copied / "terraform/bootstrap", environment, INIT, ["test", "-filter=accounts.tftest.hcl"])
    assert "4 passed, 0 failed." in said


@pytest.mark.parametrize(
    ("case", "accounts"),
    [
        ("apart", {"delivery": "111111111111", "dev": "222222222222", "prod": "333333333333"}),
        ("between", dict.fromkeys(("delivery", "dev", "prod"), "111111111111") | {"staging": "222222222222"}),
        ("alone", {"delivery": "111111111111", "staging": "111111111111"}),
    ],
)
def test_pipelines_are_those_of_the_environments_wherever_they_are(environment, copied, case, accounts):
    with_accounts(copied, accounts)
    delivery = copied / "terraform/delivery"
    shutil.copy(HERE / f"{case}.tftest.hcl", delivery)
    said = terraform(delivery, environment, INIT, ["test", f"-filter={case}.tftest.hcl"])
    assert "1 passed, 0 failed." in said
