"""Another project with another model goes the same way: interrupted, deployed, updated, destroyed."""

import json
import re

import pytest
from tests.integration.main_job.checkout import INTERRUPTED, ROOT

DECLARED = {
    kind
    for file in (ROOT / "terraform").rglob("*.tf")
    # The API is an option that no environment takes; tests/integration/shifts applies it.
    if ".terraform" not in file.parts and "inference-api" not in file.parts
    for kind in re.findall(r'^resource "(\w+)"', file.read_text(), re.MULTILINE)
}
NOT_OF_DEV = {
    # Of environments that scale and watch their rollouts; tests/integration/scaling and rollout apply them.
    "aws_appautoscaling_policy", "aws_appautoscaling_scheduled_action", "aws_appautoscaling_target",
    "aws_cloudwatch_metric_alarm",
}  # fmt: skip
UNCHANGEABLE = {
    # One value each, which every environment has: nothing that an update could change.
    "aws_cloudwatch_log_metric_filter", "aws_ecr_lifecycle_policy", "aws_iam_role_policy", "aws_kms_alias",
    "aws_s3_bucket_ownership_controls", "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    # Of bootstrap, which is not updated here, and what has neither tags nor a value to change.
    "aws_iam_openid_connect_provider", "aws_iam_policy", "aws_iam_role_policy_attachment",
    "aws_cloudwatch_event_target", "aws_sns_topic_policy",
    # Another mode of the endpoint changes it, and replaces the endpoint: test_modes.py.
    "terraform_data",
}  # fmt: skip


def changed(plan: str) -> set[str]:
    return set(re.findall(r"^ *# \S*?(aws_\w+)\.\S+ (?:will be updated|must be replaced)", plan, re.MULTILINE))


def test_ctrl_c_in_an_apply_lets_terraform_finish_and_release_its_lock(fork):
    result = fork.results["interrupted in an apply"]
    assert result.code == 130
    assert result.err == f"Interrupted: Terraform finishes what it is doing and releases its lock.\n{INTERRUPTED}"
    assert fork.seen["locks after it"] == []


def test_the_same_command_again_works(fork):
    assert fork.results["demo"].code == 0
    assert "dev: version 1, planned, applied, verified" in fork.results["demo"].out


def test_an_environment_without_a_release_has_no_endpoint(fork):
    assert fork.seen["endpoints without a release"] == []
    result = fork.results["invoked without a release"]
    assert (result.code, result.err) == (
        1, "error: dev runs no release, hence has no endpoint: `make train release apply ENV=dev`.\n",
    )  # fmt: skip


def test_another_model_answers(fork):
    answer = fork.results["invoke"]
    assert answer.code == 0, answer.err
    predictions = json.loads(answer.out)["predictions"]
    assert {each["cultivar"] for each in predictions} <= {"barolo", "grignolino", "barbera"}
    assert "accuracy" in fork.results["demo"].out


def test_a_forks_tracked_files_are_untouched(fork):
    assert fork.seen["status"] == ""


def test_every_declared_resource_was_applied(fork):
    assert set.union(*fork.seen["types"].values()) == DECLARED - NOT_OF_DEV


@pytest.mark.parametrize("root", ["delivery", "dev"])
def test_an_update_is_applied_and_leaves_nothing_to_do(fork, root):
    assert fork.results[f"{root}'s update"].code == 0, fork.results[f"{root}'s update"].err
    after = fork.results[f"plan after {root}'s update"]
    assert after.code == 0
    assert "No changes. Your infrastructure matches the configuration." in after.out


def test_every_declared_resource_that_can_change_was_updated(fork):
    updated = {kind for root in ("delivery", "dev") for kind in changed(fork.results[f"{root}'s update"].out)}
    assert DECLARED - NOT_OF_DEV - UNCHANGEABLE - updated == set()


def test_a_model_that_waits_for_approval_is_not_released(fork):
    result = fork.results["a release of what waits"]
    assert result.code == 1
    assert re.fullmatch(
        r"error: The model registry: \S+:model-package/wine/2 is PendingManualApproval: only an approved package is "
        r"released\.\n",
        result.err,
    )


def test_destroying_an_environment_leaves_nothing_of_it(fork):
    assert all(fork.seen["of dev before"].values()), "something of each kind was there"
    assert fork.results["destroy dev"].code == 0, fork.results["destroy dev"].err
    assert not any(fork.seen["of dev after"].values())
    assert fork.seen["types after"] == set()


def test_destroying_what_is_shared_takes_objects_images_and_models_with_it(fork):
    assert fork.seen["shared objects"] > 0
    assert fork.results["destroy delivery"].code == 0, fork.results["destroy delivery"].err
    assert fork.seen["shared after"] == []


def test_the_twin_goes_down(fork):
    assert fork.results["down"].out == "The twin is down.\n"
