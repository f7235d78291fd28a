"""The first part of the rehearsal: provision from nothing, train, register, release to the first environment."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fairway import local_twin, workflow, workflow_deploy
from fairway.console import Steps
from fairway.delivery import releases
from fairway.delivery.provision import Provisioner
from fairway.delivery.roots import BOOTSTRAP
from fairway.delivery.terraform import find_terraform
from fairway.rehearsal.copy import commit, refresh
from fairway.rehearsal.second_plans import SecondPlans
from fairway.settings import SHARED, Settings


@dataclass(frozen=True)
class Stage:
    """What every step of the rehearsal works with: the copy, the progress, and what delivery's Terraform made."""

    copy: Settings
    steps: Steps
    shared: Mapping[str, Any]
    plans: SecondPlans

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
    plans = SecondPlans(copy)
    plans.look(BOOTSTRAP, "its apply")
    with steps.step("Terraform: delivery (artifacts, registry, images)") as step:
        provisioner = Provisioner(copy, listen=step.listen)
        shared = provisioner.apply(SHARED, provisioner.plan(SHARED))
    plans.look(SHARED, "its apply")
    return Stage(copy, steps, shared, plans)


def provision_environments(stage: Stage, names: list[str]) -> None:
    """Apply environments at once: each has a state of its own, and most of the time is waiting."""
    with stage.steps.step(f"Terraform: {', '.join(names)}") as step, ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: workflow_deploy.deploy(stage.copy, name, listen=step.listen), names))
    for name in names:
        stage.plans.look(name, "its apply")


@contextmanager
def provisioning_others(stage: Stage) -> Iterator[None]:
    """Apply the environments after the first while the block, which does not need them, trains and releases."""
    names = stage.copy.environments[1:]
    with ThreadPoolExecutor(max(1, len(names))) as pool:
        applied = {name: pool.submit(workflow_deploy.deploy, stage.copy, name) for name in names}
        yield
        for name, done in applied.items():
            with stage.steps.step(f"Terraform: {name}, which began beside the training"):
                done.result()
            stage.plans.look(name, "its apply")


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
            stage.copy, stage.first, {**stage.shared, **outputs}, image_uri=image, hyperparameters={}, parameters={},
            listen=lambda event: step.listen(event.state),
        )  # fmt: skip
    return str(trained.output["model_package_arn"])


def release_to_first(stage: Stage, model_package: str) -> releases.Release:
    """Pin a model package in the first environment's release.json and deploy it."""
    group = stage.shared["model_package_group_name"]
    release = workflow.pin_release(stage.copy, stage.first, group, model_package)
    commit(stage.copy.root, f"Release version {release.version} to {stage.first}")
    stage.plans.settle(stage.first)
    with stage.steps.step(f"{stage.first}: version {release.version}, planned, applied, verified") as step:
        workflow_deploy.deploy(stage.copy, stage.first, listen=step.listen)
        step.result = "answers as recorded at evaluation"
    stage.plans.look(stage.first, f"version {release.version}")
    return release
