"""Plan, apply and destroy the project's Terraform roots: bootstrap, delivery, and one for each environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from fairway.delivery import access
from fairway.delivery.mirror import find_mirror, write_cli_config
from fairway.delivery.terraform import Listener, Plan, Terraform, find_terraform, silent
from fairway.errors import NotProvisionedError, StateLockedError
from fairway.settings import SHARED, Settings

BOOTSTRAP = "bootstrap"


@dataclass(frozen=True)
class Root:
    """A root module: its name, its folder below `terraform/`, and the key of its state."""

    name: str
    folder: str

    @property
    def state_key(self) -> str:
        """The key of its state in the state bucket, as its backend.tf says."""
        return f"{self.folder}/terraform.tfstate"


def find_root(settings: Settings, name: str) -> Root:
    """Return the root called `name`: bootstrap, delivery or an environment; an unknown name is refused."""
    if name in (BOOTSTRAP, SHARED):
        return Root(name, name)
    return Root(settings.require_environment(name), f"environments/{name}")


class Provisioner:
    """Runs Terraform for a checkout: as the deploy role, with its files below `build/terraform/<cloud>/<root>`.

    With `reading` it runs as the role that plans for a reviewer: it can neither apply nor lock a state.
    """

    def __init__(self, settings: Settings, *, listen: Listener = silent, reading: bool = False) -> None:
        self._settings, self._listen, self._reading = settings, listen, reading
        self._program = find_terraform()

    def plan(self, name: str, *, destroy: bool = False, file: Path | None = None) -> Plan:
        """Plan a root to its plan file, or to another one that is not kept for `apply`."""
        root = find_root(self._settings, name)
        terraform = self._connect(root)
        return terraform.plan(file or self.plan_file(name), destroy=destroy, lock=not self._reading)

    def apply(self, name: str, plan: Plan) -> dict[str, Any]:
        """Apply a root's plan, forget the plan, and return the outputs."""
        terraform = self._terraform(find_root(self._settings, name))
        try:
            terraform.apply(plan)
        except StateLockedError:
            raise  # nothing was done: the plan is as good as it was
        except BaseException:
            plan.file.unlink()  # done in part, or stale: it can never be applied again
            raise
        plan.file.unlink()
        return terraform.outputs()

    def outputs(self, name: str) -> dict[str, Any]:
        """Return a root's outputs; `NotProvisionedError` when it has none."""
        outputs = self._connect(find_root(self._settings, name)).outputs()
        if not outputs:
            raise NotProvisionedError(name, f"`make apply ENV={name}` provisions it")
        return outputs

    def unlock(self, name: str, lock_id: str) -> None:
        """Break a root's state lock."""
        self._connect(find_root(self._settings, name)).unlock(lock_id)

    def plan_file(self, name: str) -> Path:
        """Where a root's plan is kept between `plan` and `apply`."""
        return self._data(find_root(self._settings, name)) / "plan.tfplan"

    def bootstrap(self) -> dict[str, Any]:
        """Provision the bootstrap root, whose state moves into the bucket that its first run makes.

        That first run keeps its state in a local file, which stays until the move is done: interrupted at any moment,
        the next run goes on from it.
        """
        root = find_root(self._settings, BOOTSTRAP)
        local = self._data(root) / "before-the-bucket.tfstate"
        override = self._directory(root) / "backend_override.tf"
        variables = access.caller_variables(self._settings)
        if local.exists() or not self._bucket_exists():
            local.parent.mkdir(parents=True, exist_ok=True)
            override.write_text(f'terraform {{\n  backend "local" {{\n    path = {json.dumps(str(local))}\n  }}\n}}\n')
            try:
                outputs = self._apply_bootstrap(root, variables, backend={})
            finally:
                override.unlink()
            self._terraform(root, variables).init(self._backend(), migrate=True)
            local.unlink()
            return outputs
        return self._apply_bootstrap(root, variables, backend=self._backend())

    def _apply_bootstrap(
        self, root: Root, variables: Mapping[str, str], *, backend: Mapping[str, str]
    ) -> dict[str, Any]:
        terraform = self._terraform(root, variables)
        terraform.init(backend)
        plan = terraform.plan(self.plan_file(root.name))
        if plan.changes:
            terraform.apply(plan)
        plan.file.unlink()
        return terraform.outputs()

    def _connect(self, root: Root) -> Terraform:
        if not self._bucket_exists():
            raise NotProvisionedError(
                f"The state bucket {self._settings.project.state_bucket}", "`make bootstrap` makes it, once an account"
            )
        terraform = self._terraform(root)
        terraform.init(self._backend())
        return terraform

    def _terraform(self, root: Root, variables: Mapping[str, str] | None = None) -> Terraform:
        if variables is None:
            variables = access.deploy_variables(self._settings, f"terraform-{root.name}", reading=self._reading)
        own = {"TF_DATA_DIR": str(self._data(root) / "data"), "TF_IN_AUTOMATION": "1"}
        if mirror := find_mirror():
            own["TF_CLI_CONFIG_FILE"] = str(write_cli_config(self._data(root) / "terraform.rc", mirror))
        return Terraform(
            self._directory(root), name=root.name, program=self._program, environment={**variables, **own},
            listen=self._listen,
        )  # fmt: skip

    def _directory(self, root: Root) -> Path:
        return self._settings.root / "terraform" / root.folder

    def _data(self, root: Root) -> Path:
        return self._settings.build / "terraform" / self._settings.cloud / root.name

    def _backend(self) -> dict[str, str]:
        project = self._settings.project
        return {"bucket": project.state_bucket, "region": project.region}

    def _bucket_exists(self) -> bool:
        try:
            access.client(self._settings, "s3").head_bucket(Bucket=self._settings.project.state_bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
                return False
            raise
        return True
