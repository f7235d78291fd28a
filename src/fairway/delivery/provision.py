"""Plan, apply and destroy the project's Terraform roots: bootstrap, delivery, and one for each environment."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from fairway.delivery import access, accounts, adoption
from fairway.delivery.finders import Account
from fairway.delivery.function_package import write_package
from fairway.delivery.mirror import find_mirror, write_cli_config
from fairway.delivery.roots import BOOTSTRAP, Root, bootstrap_of, find_root
from fairway.delivery.state import read_outputs
from fairway.delivery.terraform import Listener, Plan, Terraform, find_terraform, silent
from fairway.delivery.unfinished import Marks, wait_for_endpoint
from fairway.errors import HomeFirstError, NotProvisionedError, PlanStaleError, StateLockedError
from fairway.settings import SHARED, Settings


class Provisioner:
    """Runs Terraform for a checkout: as the deploy role, with its files below `build/terraform/<cloud>/<root>`.

    With `reading` it runs as the role that plans for a reviewer: it can neither apply nor lock a state. Without
    `locking` it plans a state that somebody may be changing.
    """

    def __init__(
        self, settings: Settings, *, listen: Listener = silent, reading: bool = False, locking: bool = True
    ) -> None:
        self._settings, self._listen, self._reading = settings, listen, reading
        self._locking = locking and not reading

    @cached_property
    def _program(self) -> str:
        return find_terraform()

    def plan(self, name: str, *, destroy: bool = False, file: Path | None = None, adopt: bool | None = None) -> Plan:
        """Plan a root to its plan file, or to another one.

        Where an apply did not come to its end, what it made and did not note is imported by a plan that will be
        applied: the one that is kept in the root's plan file, and others that `adopt`.
        """
        root = find_root(self._settings, name)
        terraform = self._connect(root)
        self._imports(root).unlink(missing_ok=True)  # of a run that was killed
        adopt, file = file is None if adopt is None else adopt, file or self.plan_file(name)
        if adopt and self._marks(root).all():
            return self._adopt(root, terraform, file, destroy=destroy)
        return terraform.plan(file, destroy=destroy, lock=self._locking)

    def apply(self, name: str, plan: Plan) -> dict[str, Any]:
        """Apply a root's plan, forget the plan, and return the outputs.

        A plan is applied once: if that was begun and not ended, it would make again what is there.
        """
        root = find_root(self._settings, name)
        terraform, marks = self._initialised(root), self._marks(root)
        mark, earlier = marks.of(plan.file), marks.all()
        begun = plan.file.replace(plan.file.with_suffix(".begun"))
        try:
            if mark in earlier:
                raise PlanStaleError(name, "apply")
            marks.put(mark)
            terraform.apply(Plan(begun, plan.changes))
        except StateLockedError:
            begun.replace(plan.file)  # nothing was done: the plan is as good as it was
            marks.remove([mark])
            raise
        finally:
            begun.unlink(missing_ok=True)
        marks.remove([*earlier, mark])
        return self._outputs(root)

    def outputs(self, name: str) -> dict[str, Any]:
        """Return a root's outputs; `NotProvisionedError` when it has none."""
        root = find_root(self._settings, name)
        self._require_home(root)
        if not (outputs := self._outputs(root)):
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
        begun = local.exists()
        if not begun and self._bucket_exists():
            return self.apply(BOOTSTRAP, self.plan(BOOTSTRAP))
        override = self._directory(root) / "backend_override.tf"
        local.parent.mkdir(parents=True, exist_ok=True)
        local.touch()  # the mark of a run that began; Terraform takes an empty file for an empty state
        override.write_text(f'terraform {{\n  backend "local" {{\n    path = {json.dumps(str(local))}\n  }}\n}}\n')
        try:
            terraform = self._terraform(root)
            terraform.init({})
            file = self.plan_file(BOOTSTRAP)
            plan = self._adopt(root, terraform, file) if begun else terraform.plan(file)
            terraform.apply(plan)
        finally:
            override.unlink()
        plan.file.unlink()
        terraform.init(self._backend(), migrate=True)
        local.unlink()
        return self._outputs(root)

    def bootstrap_account(self, account: str) -> None:
        """Provision the bootstrap root in an account other than delivery's, as whoever calls there.

        Raises `HomeFirstError` where that account may not keep its state in delivery's bucket yet.
        """
        root, project = bootstrap_of(account), self._settings.project
        try:
            access.client(self._settings, "s3", self._variables(root)).head_bucket(Bucket=project.state_bucket)
        except ClientError as error:
            raise HomeFirstError(account, project.account) from error
        terraform = self._terraform(root)
        terraform.init({**self._backend(), "key": root.state_key})
        plan = terraform.plan(self._data(root) / "plan.tfplan")
        terraform.apply(plan)
        plan.file.unlink()

    def _adopt(self, root: Root, terraform: Terraform, file: Path, *, destroy: bool = False) -> Plan:
        """Plan with what exists and stands in no state; the plan is kept only when it has all of that."""
        lock, imports = self._locking, self._imports(root)
        draft = terraform.plan(file.with_suffix(".draft"), lock=lock)
        if self._wait_for_endpoint(root):
            draft = terraform.plan(draft.file, lock=lock)
        found: list[adoption.Found] = []
        try:
            # What is imported tells the names of its parts, which may exist too.
            while new := self._find(root, terraform.show(draft)):
                found += new
                imports.write_text(adoption.import_blocks(found))
                draft = terraform.plan(draft.file, lock=lock)
        finally:
            imports.unlink(missing_ok=True)
        if not destroy:
            return Plan(draft.file.replace(file), draft.changes)
        draft.file.unlink()
        for each in found:  # an import block is no part of a destroy plan
            terraform.import_resource(each.address, each.id)
        return terraform.plan(file, destroy=True)

    def _find(self, root: Root, plan: Mapping[str, Any]) -> list[adoption.Found]:
        account, tags = self._account(root), {"project": self._settings.project.project, "environment": root.name}
        found = adoption.find(adoption.creations(plan), account)
        for each in found:
            self._listen(f"{each.address} exists and is in no state, since an apply did not end: it is imported.")
        for arn in adoption.orphaned_keys(plan, found, tags, account):
            self._listen(f"The key {arn} has the tags of {root.name} and is in no state: schedule its deletion.")
        return found

    def _wait_for_endpoint(self, root: Root) -> bool:
        endpoint = f"{self._settings.project.project}-{root.name}"
        return wait_for_endpoint(self._account(root).client("sagemaker"), endpoint, self._listen)

    def _account(self, root: Root) -> Account:
        project = self._settings.project
        number = project.accounts.get(root.name, project.account)
        variables = self._variables(root)
        if number != project.account:  # as the provider does
            role = "plan" if self._reading else "deploy"
            variables = access.account_variables(self._settings, variables, number, role, f"terraform-{root.name}")
        return Account(number, project.region, lambda service: access.client(self._settings, service, variables))

    def _marks(self, root: Root) -> Marks:
        s3 = access.client(self._settings, "s3", self._variables(root))
        return Marks(s3, self._settings.project.state_bucket, root.state_key)

    def _imports(self, root: Root) -> Path:
        return self._directory(root) / "adopted.tf"

    def _initialised(self, root: Root) -> Terraform:
        """Return a root's Terraform, initialised: the plan may have been made in another clone."""
        return self._terraform(root) if (self._data(root) / "data/providers").is_dir() else self._connect(root)

    def _outputs(self, root: Root) -> dict[str, Any]:
        s3 = access.client(self._settings, "s3", self._variables(root))
        return read_outputs(s3, self._settings.project.state_bucket, root.state_key)

    def _connect(self, root: Root) -> Terraform:
        self._require_home(root)
        terraform = self._terraform(root)
        terraform.init(self._backend())
        return terraform

    def _require_home(self, root: Root) -> None:
        """Say what must be provisioned before this root, if it is not."""
        if not self._bucket_exists():
            raise NotProvisionedError(
                f"The state bucket {self._settings.project.state_bucket}", "`make bootstrap` makes it, once an account"
            )
        if root.name in self._settings.environments:
            home = self._variables(root)
            accounts.require_shared(self._settings, find_root(self._settings, SHARED).state_key, home)
            accounts.require_open(self._settings, root.name, home, reading=self._reading)

    def _variables(self, root: Root) -> dict[str, str]:
        if root.account:
            return {**accounts.variables_in(self._settings, root.account), "TF_VAR_account": root.account}
        if root.name == BOOTSTRAP:  # it makes the roles that the others run as
            return access.caller_variables(self._settings)
        return access.deploy_variables(self._settings, f"terraform-{root.name}", reading=self._reading)

    def _terraform(self, root: Root) -> Terraform:
        # Memory for time: Terraform and its provider would collect garbage for a fifth of theirs.
        own = {"TF_DATA_DIR": str(self._data(root) / "data"), "TF_IN_AUTOMATION": "1", "GOGC": "400"}
        if root.name in self._settings.environments:
            # Its API, where it has one, is made of it.
            write_package(self._settings.root / "src", self._settings.build / "functions.zip")
            # Always said: what is told at planning, Terraform wants to hear again at applying.
            own["TF_VAR_reading"] = json.dumps(self._reading)
        # Providers are talked to by sockets, whose paths have 104 characters at most: a build's own folder is deeper.
        own["PLUGIN_UNIX_SOCKET_DIR"] = "/tmp"  # noqa: S108 -- the sockets' names are random, and theirs alone
        if mirror := find_mirror():
            own["TF_CLI_CONFIG_FILE"] = str(write_cli_config(self._data(root) / "terraform.rc", mirror))
        return Terraform(
            self._directory(root), name=root.name, program=self._program, environment={**self._variables(root), **own},
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
            accounts.require_home(self._settings)  # whoever is elsewhere is refused for that reason
            raise
        return True
