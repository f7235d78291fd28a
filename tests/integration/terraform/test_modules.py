"""`terraform validate` and `terraform test`, offline, in every folder of the Terraform tree."""

import os
import subprocess
from pathlib import Path

import pytest

from fairway.delivery.mirror import find_mirror, write_cli_config

TERRAFORM = Path(__file__).parents[3] / "terraform"
FOLDERS = sorted(file.parent for file in TERRAFORM.rglob("main.tf") if ".terraform" not in file.parts)


@pytest.fixture
def environment(tmp_path):
    """The caller's environment without the caller's AWS, and with Terraform's own files outside of the tree."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    own = {"TF_DATA_DIR": str(tmp_path / "data"), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    if mirror := find_mirror():
        own["TF_CLI_CONFIG_FILE"] = str(write_cli_config(tmp_path / "terraform.rc", mirror))
    return inherited | own


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(TERRAFORM)))
def test_a_folder_is_valid_and_passes_its_tests(folder, environment):
    for command in (["init", "-backend=false", "-lockfile=readonly", "-input=false"], ["validate"], ["test"]):
        done = subprocess.run(
            ["terraform", *command, "-no-color"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 failed." in done.stdout
