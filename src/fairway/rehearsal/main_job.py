"""The first part of the rehearsal: provision from nothing, train, register, release to the first environment."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from fairway import local_twin, workflow, workflow_deploy
from fairway.console import Steps
from fairway.delivery import releases
from fairway.delivery.provision import Provisioner
from fairway.delivery.terraform import find_terraform
from fairway.errors import DriftAfterApplyError
from fairway.rehearsal.copy import commit, refresh
from fairway.settings import SHARED, Settings


@dataclass(frozen=True)
class Stage:
    """What every step of the rehearsal works with: the copy, the progress, and what delivery's Terraform made."""

    copy: Settings
    steps: Steps
    shared: Mapping[str, Any]

    @property
    def first(self) -> str:
        """The environment that trains, and gets a release first."""
        return self.copy.environments[0]


def begin(told: Settings) -> Stage:
    """Bring the twin and the copy up, and apply bootstrap and delivery."""
    find_terraform()
    told = replace(told, cloud="twin")
    steps = Steps()
    with steps.step("Twin up") as step:
        step.result = "started" if local_twin.up(told) else "was up already"
    with steps.step("Copy of the checkout") as step:
        copy = replace(told, root=refresh(told))
        step.result = str(copy.root.relative_to(told.root))
    return provision(copy, steps)


def provision(copy: Settings, steps: Steps) -> Stage:
    """Apply bootstrap and delivery, then every environment as its release.json is."""
    with steps.step("Terraform: bootstrap (state bucket, deploy role)") as step:
        provisioner = Provisioner(copy, listen=step.listen)
        provisioner.bootstrap()
        for account in copy.project.others:
            provisioner.bootstrap_account(account)
    with steps.step("Terraform: delivery (artifacts, registry, images)") as step:
        provisioner = Provisioner(copy, listen=step.listen)
        shared = provisioner.apply(SHARED, provisioner.plan(SHARED))
    return Stage(copy, steps, shared)


def provision_environments(stage: Stage) -> None:
    """Apply all environments at once: each has a state of its own, and most of the time is waiting."""
    names = stage.copy.environments
    with stage.steps.step(f"Terraform: {', '.join(names)}") as step, ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: workflow_deploy.deploy(stage.copy, name, listen=step.listen), names))


def is_new(stage: Stage, environment: str | None = None) -> bool:
    """Whether an environment, by default the first, has had no release yet."""
    return releases.read(workflow.release_path(stage.copy, environment or stage.first)).current is None


def train(stage: Stage) -> str:
    """Bring data and image up, run the training workflow, and return the ARN of what it registered."""
    outputs = Provisioner(stage.copy).outputs(stage.first)
    with stage.steps.step("Raw data") as step:
        step.result = f"{len(workflow.upload_data(stage.copy, stage.shared['artifact_bucket']))} new files"
    with stage.steps.step("Image") as step:
        step.result = image = workflow.push_image(stage.copy, stage.shared["image_repository_url"])
    with stage.steps.step("Training workflow: prepare, train, evaluate, gate, register") as step:
        trained = workflow.train(
            stage.copy, stage.first, {**stage.shared, **outputs}, image_uri=image, hyperparameters={},
            listen=lambda event: step.listen(event.state),
        )  # fmt: skip
    return str(trained.output["model_package_arn"])


def release_to_first(stage: Stage, model_package: str) -> releases.Release:
    """Pin a model package in the first environment's release.json and deploy it."""
    group = stage.shared["model_package_group_name"]
    release = workflow.pin_release(stage.copy, stage.first, group, model_package)
    commit(stage.copy.root, f"Release version {release.version} to {stage.first}")
    with stage.steps.step(f"{stage.first}: version {release.version}, planned, applied, verified") as step:
        workflow_deploy.deploy(stage.copy, stage.first, listen=step.listen)
        step.result = "answers as recorded at evaluation"
    return release


def require_no_changes(stage: Stage, environment: str) -> None:
    """Raise `DriftAfterApplyError` unless Terraform has nothing left to do."""
    lines: list[str] = []
    with stage.steps.step(f"{environment}: the plan is empty"):
        plan = Provisioner(stage.copy, listen=lines.append).plan(environment)
        plan.file.unlink()
        if plan.changes:
            raise DriftAfterApplyError(environment, "\n".join(lines))
