"""`make demo`: the whole of it on one machine, in a copy of the checkout that the user's own tree never notices."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairway import console, local_twin, workflow
from fairway.console import Steps, out
from fairway.delivery import access, releases
from fairway.delivery.git import git
from fairway.delivery.provision import Provisioner
from fairway.delivery.terraform import find_terraform
from fairway.errors import DriftAfterApplyError
from fairway.settings import SHARED, Settings

ENVIRONMENT = "dev"
AUTHOR = ("-c", "user.name=rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgsign=false")


def rehearse(told: Settings) -> None:
    """Bring the main job about from nothing, or from where an earlier rehearsal on the same twin was left."""
    find_terraform()
    told = replace(told, cloud="twin")
    steps = Steps()
    with steps.step("Twin up") as step:
        step.result = "started" if local_twin.up(told) else "was up already"
    with steps.step("Copy of the checkout") as step:
        copy = replace(told, root=refresh_copy(told, twin_id(told)))
        step.result = str(copy.root.relative_to(told.root))
    shared = provision_shared(copy, steps)
    outputs = apply_environment(copy, steps)
    with steps.step("Raw data") as step:
        step.result = f"{len(workflow.upload_data(copy, shared['artifact_bucket']))} new files"
    with steps.step("Image") as step:
        step.result = image = workflow.push_image(copy, shared["image_repository_url"])
    with steps.step("Training workflow: prepare, train, evaluate, gate, register") as step:
        trained = workflow.train(
            copy, ENVIRONMENT, {**shared, **outputs}, image_uri=image, hyperparameters={},
            listen=lambda event: step.listen(event.state),
        )  # fmt: skip
    with steps.step("Release pinned") as step:
        release = workflow.pin_release(
            copy, ENVIRONMENT, shared["model_package_group_name"], trained.output["model_package_arn"]
        )
        commit_all(copy.root, f"Release version {release.version} to {ENVIRONMENT}")
        step.result = f"version {release.version}"
    outputs = apply_environment(copy, steps)
    with steps.step("Predictions") as step:
        answer = workflow.invoke_golden(copy, ENVIRONMENT, outputs["endpoint_name"])
        step.result = "as recorded at evaluation"
    with steps.step("Terraform: the last plan is empty"):
        require_no_changes(copy)
    report(told, copy, steps, release, answer)


def provision_shared(copy: Settings, steps: Steps) -> dict[str, Any]:
    """Apply bootstrap and delivery."""
    with steps.step("Terraform: bootstrap (state bucket, deploy role)") as step:
        Provisioner(copy, listen=step.listen).bootstrap()
    with steps.step("Terraform: delivery (artifacts, registry, images)") as step:
        provisioner = Provisioner(copy, listen=step.listen)
        return provisioner.apply(SHARED, provisioner.plan(SHARED))


def apply_environment(copy: Settings, steps: Steps) -> dict[str, Any]:
    """Verify the artifact of the release that dev wants, plan, and apply that plan."""
    current = releases.read(workflow.release_path(copy, ENVIRONMENT)).current
    with steps.step(f"Terraform: dev, {f'version {current.version}' if current else 'without a release'}") as step:
        workflow.verify_releases(copy, ENVIRONMENT)
        provisioner = Provisioner(copy, listen=step.listen)
        return provisioner.apply(ENVIRONMENT, provisioner.plan(ENVIRONMENT))


def require_no_changes(copy: Settings) -> None:
    """Raise `DriftAfterApplyError` unless Terraform has nothing left to do."""
    lines: list[str] = []
    plan = Provisioner(copy, listen=lines.append).plan(ENVIRONMENT)
    plan.file.unlink()
    if plan.changes:
        raise DriftAfterApplyError(ENVIRONMENT, "\n".join(lines))


def twin_id(told: Settings) -> str:
    """Name the running twin: what an earlier rehearsal made is gone when it is another one."""
    return str((local_twin.health(told) or {}).get("pid"))


def refresh_copy(told: Settings, twin: str) -> Path:
    """Bring the rehearsal's copy up to the checkout's files, uncommitted changes included, and return its folder.

    The releases that the copy holds are kept while the twin that runs them is the same; on another one, no environment
    has a release.
    """
    copy, marker = told.build / "rehearsal/repo", told.build / "rehearsal/twin"
    same_twin = marker.exists() and marker.read_text() == twin
    kept = {}
    if same_twin:
        kept = {path.relative_to(copy): path.read_text() for path in copy.glob("terraform/environments/*/release.json")}
    elif (copy / "build").exists():
        shutil.rmtree(copy / "build")  # Terraform's data of another twin
    marker.unlink(missing_ok=True)
    _mirror_files(told.root, copy)
    for path in copy.glob("terraform/environments/*/release.json"):
        name = path.relative_to(copy)
        path.write_text(kept[name]) if name in kept else releases.write(
            path, releases.ReleaseFile(current=None, previous=None)
        )
    commit_all(copy, "What the checkout holds")
    marker.write_text(twin)
    return copy


def _mirror_files(checkout: Path, copy: Path) -> None:
    listed = git(checkout, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    wanted = {name for name in listed if name and (checkout / name).is_file()}
    if not (copy / ".git").exists():
        shutil.rmtree(copy, ignore_errors=True)
        copy.parent.mkdir(parents=True, exist_ok=True)
        git(copy.parent, "clone", "--quiet", "--no-checkout", "--no-hardlinks", str(checkout), copy.name)
    else:
        git(copy, "fetch", "--quiet", str(checkout), "HEAD")
        git(copy, "reset", "--quiet", "--soft", "FETCH_HEAD")
    for name in git(copy, "ls-files", "--others", "--cached", "-z", "--exclude-standard").split("\0"):
        if name and name not in wanted:
            (copy / name).unlink(missing_ok=True)
    for name in wanted:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(checkout / name, copy / name)
    for environment in (".venv", ".venv-checkov"):
        link = copy / environment
        if (checkout / environment).exists() and not link.is_symlink():
            link.symlink_to(checkout / environment)


def commit_all(repository: Path, message: str) -> None:
    """Commit whatever differs; a clean tree is left as it is."""
    git(repository, "add", "--all")
    if git(repository, "status", "--porcelain"):
        git(repository, *AUTHOR, "commit", "--quiet", "--message", message)


def report(told: Settings, copy: Settings, steps: Steps, release: releases.Release, answer: workflow.Answer) -> None:
    """Print what came of it, and how to go on."""
    rows = {name: f"{value:.4f}" for name, value in release.metrics.items()}
    out.print(
        console.table("Model", {"version": release.version, "image": release.image, "commit": release.git_sha, **rows})
    )
    predictions = json.dumps(answer.response)
    out.print(console.table("Endpoint", {"answers": predictions[:160] + ("…" if len(predictions) > 160 else "")}))
    timings = {title: f"{took:.1f} s" for title, took in steps.seconds.items()}
    out.print(console.table("Time", {**timings, "all": f"{sum(steps.seconds.values()):.1f} s"}))
    (told.build / "rehearsal/timings.json").write_text(json.dumps(steps.seconds, indent=2) + "\n")
    out.print(
        f"The twin is up on {access.twin_endpoint(told)}. Go on in the copy:\n"
        f"  cd {copy.root.relative_to(told.root)}\n"
        "  make plan ENV=dev       # No changes\n"
        "  make invoke ENV=dev     # the golden requests again\n"
        '  eval "$(make -s env)"   # then aws, boto3 and terraform talk to the twin\n'
        "  make destroy ENV=dev    # and make down ends the twin"
    )
