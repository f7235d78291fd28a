"""Releases that are refused before anything is planned, and one that cannot serve: what ran, runs on."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.main_job.checkout import Checkout, ended, wait_until

from fairway.delivery.image import publish_sources
from fairway.delivery.mirror import find_mirror, write_cli_config

RELEASE = "terraform/environments/dev/release.json"
MAIN = "terraform/environments/dev/main.tf"
REPOSITORY = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights"
SLEEPS = r'\1        __import__("time").sleep(600)\n'
NO_CHANGES = "No changes. Your infrastructure matches the configuration."


@contextmanager
def released(copy: Checkout, **members: str) -> Iterator[None]:
    """Change members of the current release for as long as the block lasts."""
    path = copy.root / RELEASE
    before = path.read_text()
    release = json.loads(before)
    release["current"] |= members
    path.write_text(json.dumps(release, indent=2) + "\n")
    try:
        yield
    finally:
        path.write_text(before)


def running(copy: Checkout) -> tuple[str, str]:
    endpoint = copy.client("sagemaker").describe_endpoint(EndpointName="flights-dev")
    return endpoint["EndpointStatus"], endpoint["EndpointConfigName"]


@pytest.fixture(autouse=True)
def _no_plan_of_another_test(copy):
    plan_file(copy).unlink(missing_ok=True)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_an_artifact_whose_hash_does_not_match(copy, command):
    with released(copy, model_data_sha256="0" * 64):
        result = copy.fairway(command, "dev")
    assert result.code == 1
    assert re.fullmatch(
        r"error: The artifact s3://\S+/model\.tar\.gz has the SHA-256 [0-9a-f]{64}, but release\.json pins 0{64}: the "
        r"object was replaced or the release was edited by hand\. Pin a registered model package again "
        r"\(`make release`\), or restore it\.\n",
        result.err,
    ), result.err


def test_an_artifact_that_is_gone(copy):
    url = "s3://flights-artifacts-111111111111-us-east-1/runs/nothing/model.tar.gz"
    with released(copy, model_data_url=url):
        result = copy.fairway("plan", "dev")
    assert result.code == 1
    assert result.err == f"error: The artifact {url} of release.json cannot be read (NoSuchKey): pin one that exists.\n"


def test_a_tag_instead_of_a_digest_is_refused_by_the_command_line(copy):
    with released(copy, image=f"{REPOSITORY}:latest"):
        result = copy.fairway("plan", "dev")
    assert (result.code, result.err) == (
        1,
        (
            f"error: dev/release.json: `current.image` is '{REPOSITORY}:latest': expected an image by digest "
            "(…@sha256:<64 hexadecimal digits>), never by tag: a tag can move.\n"
        ),
    )  # fmt: skip


def test_a_tag_instead_of_a_digest_is_refused_by_terraform(copy):
    data = copy.root / "build/terraform/twin/dev"
    variables = {**os.environ, **copy.aws_variables, "TF_DATA_DIR": str(data / "data")}
    if mirror := find_mirror():
        variables["TF_CLI_CONFIG_FILE"] = str(write_cli_config(data / "terraform.rc", mirror))
    with released(copy, image=f"{REPOSITORY}:latest"):
        plan = subprocess.run(
            ["terraform", "plan", "-no-color", "-input=false", "-lock=false"],
            cwd=(copy.root / RELEASE).parent, env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert plan.returncode == 1
    said = " ".join(re.sub(r"[│╷╵]", " ", plan.stderr).split())
    assert (
        "A release names its image by digest, <repository>@sha256:<64 hexadecimal digits>, because a tag can move; "
        f"got {REPOSITORY}:latest" in said
    )


def test_a_release_file_that_is_no_json(copy):
    with copy.edited(RELEASE, r"\A\{", "{,"):
        result = copy.fairway("plan", "dev")
    assert result.code == 1
    assert result.err.startswith("error: dev/release.json: it is not JSON (line 1: ")


def test_a_container_that_never_answers_ping(copy):
    """The endpoint keeps what it ran, the apply says so and fails, and the release that worked is applied again."""
    before, release = running(copy), json.loads((copy.root / RELEASE).read_text())["current"]
    with copy.edited(
        "src/model/predictor.py",
        r"(\n    def load\(cls.*\n.*\n)",
        SLEEPS,
    ):
        image = publish_sources(copy.root, repository_url=REPOSITORY, ecr=copy.client("ecr"))
    arn = release["model_package_arn"].rpartition("/")[0] + "/99"
    with released(copy, version="99", model_package_arn=arn, image=image):
        assert copy.fairway("plan", "dev").code == 0
        result = copy.fairway("apply", "dev")
    assert result.code == 1
    said = " ".join(result.err.split())
    assert said.startswith("error: dev does not run what Git wants: Resource postcondition failed")
    assert "SageMaker rolled the endpoint flights-dev back: it runs flights-dev-2-" in said
    assert "did not pass the ping health check" in said
    assert running(copy) == before
    again = copy.fairway("apply", "dev")
    assert again.code == 0, again.err
    assert running(copy) == before


def test_two_applies_at_once_and_one_that_is_killed(copy):
    """The second is told who holds the lock. Terraform outlives the killed command, and ends its work."""
    path = copy.root / MAIN
    path.write_text(
        path.read_text().replace("environment = local.environment }", 'environment = local.environment, a = "b" }')
    )
    assert copy.fairway("plan", "dev").code == 0
    first = copy.start("apply", "dev")
    wait_until(lambda: "environments/dev/terraform.tfstate.tflock" in copy.locks(), first)
    held = terraforms(first.pid)
    for pid in held:  # however quick it is, the second finds it at work
        os.kill(pid, signal.SIGSTOP)
    second = copy.fairway("apply", "dev")
    for pid in held:
        os.kill(pid, signal.SIGCONT)
    first.kill()
    ended(first)
    wait_until(lambda: not copy.locks())
    left = copy.fairway("plan", "dev")
    assert second.code == 1
    assert re.fullmatch(
        r"error: terraform (?:plan|apply) of dev failed: its state is locked by \S+@\S+ "
        r"\(OperationTypeApply, since [^)]+\)\. "
        r"Wait for that to end; if it is surely dead, `make unlock ENV=dev LOCK=[0-9a-f-]{36}`\.\n",
        second.err,
    ), second.err
    assert NO_CHANGES in left.out


def terraforms(pid: int) -> list[int]:
    """Return the processes that a command has started: Terraform."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert children
    return [int(child) for child in children]


def plan_file(copy: Checkout) -> Path:
    return copy.root / "build/terraform/twin/dev/plan.tfplan"


def test_a_lock_that_is_not_there_cannot_be_broken(copy):
    result = copy.fairway("unlock", "dev", "00000000-0000-0000-0000-000000000000")
    assert result.code == 1
    assert "error: terraform force-unlock of dev failed: " in result.err
    assert "said nothing" not in result.err
