"""The command, in a folder that did not start the twin, as in the copy that a rehearsal works in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "src"
REASON = "It is there for the test."


@pytest.fixture
def audited(twin, tmp_path):
    """A project's folder, and its one role, which has done one of the two things that it may."""
    names = {"project": "elsewhere", "region": twin.region, "repository": "example/elsewhere"}
    project = {**names, "accounts": {"delivery": twin.account}}
    (tmp_path / "project.json").write_text(json.dumps(project))
    (tmp_path / "terraform").mkdir()
    iam = twin.client("iam")
    trusted = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{twin.account}:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    arn = iam.create_role(RoleName="elsewhere-deploy", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    actions = ["sqs:ListQueues", "sns:ListTopics"]
    statement = {"Sid": "Look", "Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="elsewhere-deploy", PolicyName="look", PolicyDocument=policy)
    keys = twin.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    twin.client("sqs", keys).list_queues()
    yield tmp_path
    iam.delete_role_policy(RoleName="elsewhere-deploy", PolicyName="look")
    iam.delete_role(RoleName="elsewhere-deploy")


def audit(folder, twin, *reasons):
    (folder / "terraform/unused_permissions.json").write_text(json.dumps(reasons))
    settings = {"FAIRWAY_TWIN_PORT": str(twin.port), "PYTHONPATH": str(SOURCES), "CLOUD": "twin", "COLUMNS": "200"}
    command = [sys.executable, "-m", "fairway", "audit"]
    return subprocess.run(
        command, cwd=folder, env=os.environ | settings, capture_output=True, text=True, check=False, timeout=60
    )


def test_it_finds_the_record_of_the_twin_that_runs(twin, audited):
    done = audit(audited, twin)
    assert done.returncode == 1
    assert "sqs:ListQueues" in done.stdout
    assert "sns:ListTopics" in next(line for line in done.stdout.splitlines() if line.startswith("•"))


def test_what_has_its_reason_passes(twin, audited):
    done = audit(
        audited, twin, {"roles": ["deploy"], "actions": ["sns:ListTopics"], "on": "occasion", "reason": REASON}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert REASON in done.stdout
