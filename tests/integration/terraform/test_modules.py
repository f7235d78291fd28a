"""`terraform validate` and `terraform test`, offline, in every folder of the Terraform tree."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fairway.delivery.mirror import find_mirror, write_cli_config

TERRAFORM = Path(__file__).parents[3] / "terraform"
FOLDERS = sorted(file.parent for file in TERRAFORM.rglob("main.tf") if ".terraform" not in file.parts)

ENVIRONMENTS = [folder.name for folder in FOLDERS if folder.parent.name == "environments"]


@pytest.fixture
def environment(tmp_path):
    """The caller's environment without the caller's AWS, and with Terraform's own files outside of the tree."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    own = {"TF_DATA_DIR": str(tmp_path / "data"), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    if mirror := find_mirror():
        own["TF_CLI_CONFIG_FILE"] = str(write_cli_config(tmp_path / "terraform.rc", mirror))
    return inherited | own


# Overriding a module, as the environments' own tests do to hold for any release, skips its validations as well.
SETTINGS_TEST = """
mock_provider "aws" {
  source = "../../testing"
}

override_data {
  target = data.terraform_remote_state.delivery
  values = {
    outputs = {
      artifact_bucket         = "artifacts"
      artifact_key_arn        = "arn:aws:kms:us-east-1:111111111111:key/artifacts"
      image_repository_arn    = "arn:aws:ecr:us-east-1:111111111111:repository/images"
      model_package_group_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/models"
    }
  }
}

run "its_settings_are_valid" {
  command = plan
}
"""


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


INIT = ["init", "-backend=false", "-lockfile=readonly", "-input=false"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(TERRAFORM)))
def test_a_folder_is_valid_and_passes_its_tests(folder, environment):
    assert ", 0 failed." in terraform(folder, environment, INIT, ["validate"], ["test"])


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environments_settings_are_valid(name, environment, tmp_path):
    for part in ("terraform", "pipelines"):
        shutil.copytree(TERRAFORM.parent / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform"))
    shutil.copy(TERRAFORM.parent / "project.json", tmp_path)
    folder = tmp_path / "terraform/environments" / name
    (folder / "release.json").write_text('{"current": null, "previous": null}')
    (folder / "settings.tftest.hcl").write_text(SETTINGS_TEST)
    terraform(folder, environment, INIT, ["test", "-filter=settings.tftest.hcl"])
