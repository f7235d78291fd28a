"""The command line: each command is one step that a person or a pipeline takes; the Makefile names them all."""

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from fairway import (
    cli_audit,
    cli_pipeline,
    cli_promotion,
    cli_serving,
    local_twin,
    workflow,
    workflow_bootstrap,
    workflow_deploy,
)
from fairway.console import Steps, err, out
from fairway.delivery import access, image_check, registry, training
from fairway.delivery.provision import Provisioner
from fairway.delivery.roots import find_root
from fairway.delivery.terraform import Plan
from fairway.errors import FairwayError, NotProvisionedError, PlanMissingError
from fairway.settings import SHARED, Settings, write_project

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(cli_promotion.app)
app.add_typer(cli_pipeline.app)
app.add_typer(cli_audit.app)
app.add_typer(cli_serving.app)

INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C ended, and what Typer ends with."""

Environment = Annotated[str, typer.Argument(help="An environment (dev, …), or `delivery` for what they share.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", envvar="PARAMETERS", help="NAME=VALUE for the model's prepare; may be given again."),
]


def settings() -> Settings:
    """Load the settings of the checkout that the command runs in."""
    return Settings.load(Path.cwd())


def provisioner(told: Settings, root: str) -> Provisioner:
    """Make a provisioner for a root that exists; it shows Terraform's own words."""
    find_root(told, root)
    local_twin.require(told)
    return Provisioner(told, listen=show)


def show(line: str) -> None:
    """Print a line of Terraform's as it is."""
    out.print(escape(line))


@app.command()
def init(
    project: Annotated[str, typer.Option(prompt=True)],
    region: Annotated[str, typer.Option(prompt=True)],
    repository: Annotated[str, typer.Option(prompt="Repository (owner/name)")],
    account: Annotated[str, typer.Option(prompt="AWS account of the project")],
) -> None:
    """Write project.json, the only file with names to fill in."""
    path = Path.cwd() / "project.json"
    write_project(path, project=project, region=region, repository=repository, account=account)
    out.print(f"{path.name} and .github/CODEOWNERS are written: commit them.")


@app.command()
def up() -> None:
    """Start the twin, the local AWS, in the background."""
    told = settings()
    began = local_twin.up(told)
    out.print(
        f"The twin {'is up' if began else 'was up already'} on {access.twin_endpoint(told)}; `make down` ends it."
    )


@app.command()
def down() -> None:
    """Stop the twin; all that it held is gone with it."""
    out.print("The twin is down." if local_twin.down(settings()) else "No twin was running.")


@app.command()
def env() -> None:
    """Print the export lines with which any AWS tool, SDK or Terraform talks to the twin."""
    for name, value in access.twin_variables(settings()).items():
        out.print(f"export {name}={value}")


@app.command()
def bootstrap() -> None:
    """Provision what an account and the project need once: state bucket, deploy role; registry, images, artifacts."""
    told = settings()
    for sentence in workflow_bootstrap.bootstrap(told, provisioner(told, SHARED)):
        out.print(sentence)


@app.command()
def plan(environment: Environment) -> None:
    """Plan an environment, show the plan, and keep it for `apply`."""
    told = settings()
    terraform = provisioner(told, environment)
    if environment in told.environments:
        workflow.verify_releases(told, environment)
    made = terraform.plan(environment)
    if not made.changes:
        made.file.unlink()


@app.command()
def apply(environment: Environment) -> None:
    """Apply the plan that `plan` kept and verify what runs. On the twin, plan first where there is none."""
    told = settings()
    terraform = provisioner(told, environment)
    kept = terraform.plan_file(environment)
    if not kept.exists() and told.cloud == "aws":
        raise PlanMissingError(environment)
    plan = Plan(kept, changes=True) if kept.exists() else None
    if environment in told.environments:
        workflow_deploy.deploy(told, environment, plan=plan, listen=show)
    else:
        terraform.apply(environment, plan or terraform.plan(environment))


@app.command()
def destroy(
    environment: Environment, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Destroy all that Terraform made for an environment, with the objects in its buckets."""
    told = settings()
    terraform = provisioner(told, environment)
    made = terraform.plan(environment, destroy=True)
    if made.changes and told.cloud == "aws" and not yes:
        typer.confirm(f"Destroy {environment} on AWS, with all its data?", abort=True)
    if environment == SHARED:
        registry.empty(access.client(told, "sagemaker"), told.project.project)
    terraform.apply(environment, made)


@app.command()
def unlock(environment: Environment, lock: Annotated[str, typer.Argument(help="The lock's ID.")]) -> None:
    """Break the lock that a dead Terraform left on a root's state."""
    provisioner(settings(), environment).unlock(environment, lock)


@app.command()
def train(environment: Environment = "dev", parameter: Parameters = None) -> None:
    """Upload the data, push the image, run the training workflow and show what it registered."""
    parameters = training.parse_parameters(parameter or ())
    told = settings()
    local_twin.require(told)
    steps = Steps()
    shared = _outputs(told, SHARED)
    outputs = _outputs(told, environment)
    if not outputs.get("state_machine_arn"):
        raise NotProvisionedError(f"Training in {environment}", "only an environment that declares `training` has it")
    with steps.step("Raw data") as step:
        step.result = f"{len(workflow.upload_data(told, shared['artifact_bucket']))} new files"
    with steps.step("Image") as step:
        step.result = image = workflow.push_image(told, shared["image_repository_url"])
    with steps.step("Training workflow") as step:
        trained = workflow.train(
            told, environment, {**shared, **outputs}, image_uri=image, hyperparameters={}, parameters=parameters,
            listen=lambda event: step.listen(event.state),
            tell=lambda line: step.listen(f"Train: {line}"),
        )  # fmt: skip
    out.print_json(json.dumps(trained.output))


@app.command()
def release(
    environment: Environment = "dev",
    model_package: Annotated[str | None, typer.Argument(help="A model package's ARN; the newest approved one.")] = None,
) -> None:
    """Pin a registered, approved model package in the environment's release.json."""
    told = settings()
    local_twin.require(told)
    told.require_environment(environment)
    group = _outputs(told, SHARED)["model_package_group_name"]
    pinned = workflow.pin_release(told, environment, group, model_package)
    out.print(f"{environment}/release.json pins version {pinned.version} ({pinned.model_package_arn}).")


@app.command()
def demo(
    *, first_only: Annotated[bool, typer.Option("--first-only", help="Stop after the first environment.")] = False
) -> None:
    """Rehearse it all in a copy of this checkout: provision, train, release, promote, roll out, roll back."""
    # Its plots want libraries that the builds of a pipeline do not install.
    importlib.import_module("fairway.rehearsal").rehearse(settings(), first_only=first_only)


@app.command("rollouts")
def rollouts_command(
    strategy: Annotated[list[str] | None, typer.Option(help="Only this strategy; may be given again.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--release", help="Only this kind of release; likewise.")] = None,
) -> None:
    """Try every rollout strategy with good and bad releases in a copy of this checkout; write docs/rollouts.md."""
    importlib.import_module("fairway.rehearsal.rollouts").run(settings(), strategy or (), kind or ())


@app.command("image-check")
def image_check_command() -> None:
    """Build the Dockerfile without a Docker engine and run what it makes: prepare, train, evaluate, serve."""
    told = settings()
    write_raw = importlib.import_module("model").write_raw
    image_check.check(told.root, told.build / "image-check", write_raw, os.environ, out.print)


def _outputs(told: Settings, name: str) -> dict[str, str]:
    return Provisioner(told).outputs(name)


def run(command: Callable[[], object]) -> int:
    """Run a command; what goes wrong is one sentence on stderr, and the code to exit with."""
    try:
        command()
    except FairwayError as error:
        err.print(f"[red]error:[/] {escape(str(error))}")
        return error.exit_code
    except ClientError as error:
        err.print(
            f"[red]error:[/] AWS refused {error.operation_name}: {escape(error.response['Error'].get('Message', ''))}"
        )
        return 1
    except BotoCoreError as error:
        err.print(f"[red]error:[/] {escape(str(error))}")
        return 1
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            err.print("Interrupted. What was finished is kept; the same command can be run again.")
        return leaving.code if isinstance(leaving.code, int) else 1
    return 0


def main() -> NoReturn:
    """Run the command line."""
    sys.exit(run(app))
