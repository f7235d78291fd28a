"""An account with what Terraform has made in it, of which one thing at a time is broken and made whole again."""

import copy
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.integration.main_job.checkout import Checkout


@dataclass
class Breakable:
    """Each of these breaks something for as long as a block lasts."""

    checkout: Checkout

    def client(self, service: str) -> Any:
        return self.checkout.client(service)

    def machine(self, name: str) -> str:
        return f"arn:aws:states:us-east-1:{self.checkout.account}:stateMachine:{name}"

    # -- roles --------------------------------------------------------------------------------------------------------

    @contextmanager
    def policy(self, role: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Iterator[None]:
        """Change the statements of a role's only inline policy for as long as the block lasts."""
        iam = self.client("iam")
        [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
        before = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        after = {**before, "Statement": change(copy.deepcopy(before["Statement"]))}
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(after))
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(before))

    @contextmanager
    def without(self, role: str, *sids: str) -> Iterator[None]:
        """Take statements from a role."""

        def drop(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
            assert set(sids) <= {one["Sid"] for one in statements}, (role, sids)
            return [one for one in statements if one["Sid"] not in sids]

        with self.policy(role, drop):
            yield

    @contextmanager
    def trusted(self, role: str, service: str) -> Iterator[None]:
        """Let another service have a role."""
        iam = self.client("iam")
        before = json.dumps(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
        after = re.sub(r'"[a-z]+\.amazonaws\.com"', f'"{service}"', before)
        assert after != before
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=after)
        try:
            yield
        finally:
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=before)

    @contextmanager
    def unreadable(self, role: str, artifact: str) -> Iterator[None]:
        """Take an artifact from those that a build's role may read."""

        def narrow(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
            [inputs] = [one for one in statements if one["Sid"] == "Inputs"]
            inputs["Resource"] = [arn for arn in inputs["Resource"] if f"/{artifact}/" not in arn]
            return statements

        with self.policy(role, narrow):
            yield

    # -- builds, workflows, artifacts ---------------------------------------------------------------------------------

    @contextmanager
    def project(self, name: str, **members: Any) -> Iterator[None]:
        """Change a build project for as long as the block lasts."""
        client = self.client("codebuild")
        [found] = client.batch_get_projects(names=[name])["projects"]
        client.update_project(name=name, **members)
        try:
            yield
        finally:
            client.update_project(name=name, **{member: found[member] for member in members})

    @contextmanager
    def cloud(self, name: str, value: str) -> Iterator[None]:
        """Tell a project's builds of another CLOUD."""
        [found] = self.client("codebuild").batch_get_projects(names=[name])["projects"]
        environment = copy.deepcopy(found["environment"])
        for variable in environment["environmentVariables"]:
            if variable["name"] == "CLOUD":
                variable["value"] = value
        with self.project(name, environment=environment):
            yield

    @contextmanager
    def redefined(self, name: str, pattern: str, replacement: str) -> Iterator[None]:
        """Change a state machine's definition for as long as the block lasts."""
        client, arn = self.client("stepfunctions"), self.machine(name)
        before = client.describe_state_machine(stateMachineArn=arn)["definition"]
        after, times = re.subn(pattern, replacement, before)
        assert times, pattern
        client.update_state_machine(stateMachineArn=arn, definition=after)
        try:
            yield
        finally:
            client.update_state_machine(stateMachineArn=arn, definition=before)

    @contextmanager
    def tampered(self, artifact: str) -> Iterator[None]:
        """Change the plan in the newest artifact of that name, as somebody could who may write to the store."""
        s3, bucket = self.client("s3"), f"flights-pipelines-{self.checkout.account}-us-east-1"
        listed = [one for one in s3.list_objects_v2(Bucket=bucket)["Contents"] if f"/{artifact}/" in one["Key"]]
        key = max(listed, key=lambda one: one["LastModified"])["Key"]
        before = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        s3.put_object(Bucket=bucket, Key=key, Body=_with_another_plan(before))
        try:
            yield
        finally:
            s3.put_object(Bucket=bucket, Key=key, Body=before)


def _with_another_plan(archive: bytes) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name) + (b"another" if name == "plan.tfplan" else b""))
    return changed.getvalue()
