"""The commands that builds of the pipelines run, beside those that a person runs too; buildspecs/ names them."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from fairway import local_twin, workflow, workflow_deploy, workflow_pipeline
from fairway.cli_promotion import show_outcome
from fairway.console import out
from fairway.delivery import access
from fairway.delivery.connection import find_connection
from fairway.delivery.provision import Provisioner
from fairway.delivery.review import approved
from fairway.settings import Settings

app = typer.Typer()

Environment = Annotated[str, typer.Argument(help="An environment (dev, …).")]
Execution = Annotated[str, typer.Option(envvar="EXECUTION_ARN", help="The training workflow's execution.")]


def _settings() -> Settings:
    told = Settings.load(Path.cwd())
    local_twin.require(told)
    return told


def _show(line: str) -> None:
    out.print(escape(line))


@app.command()
def image(into: Annotated[Path, typer.Option(help="A file for its address.")] = Path("build/image")) -> None:
    """Build the image, push it, and write its address by digest to a file."""
    told = _settings()
    repositories = access.client(told, "ecr").describe_repositories(repositoryNames=[told.project.project])
    address = workflow.push_image(told, repositories["repositories"][0]["repositoryUri"])
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text(address)
    out.print(address)


@app.command()
def execution(
    environment: Environment,
    image_uri: Annotated[str, typer.Option("--image", envvar="IMAGE", help="The image, by digest.")],
    into: Annotated[Path, typer.Option(help="The file to write.")] = Path("build/execution/execution.json"),
) -> None:
    """Upload the raw data and write the input with which the training workflow is started."""
    fresh = workflow_pipeline.write_execution(_settings(), environment, image_uri, into)
    out.print(f"{len(fresh)} new files of raw data; {into}:\n{into.read_text()}", markup=False)


@app.command()
def candidate(
    environment: Environment,
    execution_arn: Execution,
    into: Annotated[Path, typer.Option(envvar="FAIRWAY_CANDIDATE", help="A folder.")] = Path("build/candidate"),
) -> None:
    """Fetch what a training run registered, and what the environment runs, for the regression tests."""
    out.print(workflow_pipeline.fetch_candidate(_settings(), environment, execution_arn, into))


@app.command()
def review(
    environment: Environment, into: Annotated[Path, typer.Option(help="A folder.")] = Path("build/review")
) -> None:
    """Plan an environment for a reviewer, as a role that only reads; a file `variables` tells the shell of it."""
    told, digest = workflow_pipeline.plan_for_review(_settings(), environment, into, _show)
    said = {"PLAN_SHA256": digest, "SUMMARY": told.summary, "EVIDENCE": told.evidence}
    (into / "variables").write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in said.items()))
    out.print(f"{told.summary}\n{told.evidence}", markup=False)


@app.command("plan-comment")
def plan_comment(
    base: Annotated[
        str, typer.Option(envvar="BASE", help="The branch that the pull request goes into.")
    ] = "origin/main",
    into: Annotated[Path, typer.Option(help="A file.")] = Path("build/plan-comment.md"),
) -> None:
    """Plan every environment that a pull request changes, and write the comment that says so."""
    text = workflow_pipeline.plan_comment(_settings(), base, _show)
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text(text)
    out.print(text, markup=False)


@app.command("apply-reviewed")
def apply_reviewed(
    environment: Environment,
    sha256: Annotated[str, typer.Option(envvar="PLAN_SHA256", help="The digest of the plan that was approved.")],
    folder: Annotated[Path, typer.Option(envvar="PLAN_FOLDER", help="Where `review` left it.")] = Path("build/review"),
) -> None:
    """Apply the plan that was reviewed, no other, and verify what runs."""
    told = _settings()
    commit = workflow.head_commit(told)
    plan = approved(folder, environment=told.require_environment(environment), commit=commit, sha256=sha256)
    workflow_pipeline.require_newest(told, environment)
    if plan.changes:
        workflow_deploy.deploy(told, environment, plan=plan, listen=_show)
    else:
        out.print(f"There is nothing to apply: {environment} is as commit {commit[:12]} wants it.")


@app.command()
def verify(environment: Environment) -> None:
    """Verify that an environment runs the release that Git wants, and answers as it did when it was evaluated."""
    told = _settings()
    outputs = Provisioner(told, reading=True).outputs(told.require_environment(environment))
    workflow_deploy.verify(told, environment, outputs)
    version = outputs.get("release_version")  # an output that is null is none
    out.print(f"{environment} runs version {version}, and answers as recorded." if version else "No release is wanted.")


@app.command()
def propose(
    environment: Environment,
    execution_arn: Annotated[str, typer.Option(envvar="EXECUTION_ARN", help="A training run; without: promote.")] = "",
) -> None:
    """Open the pull request that brings the environment what was trained, or what the environment before it runs."""
    told = _settings()
    if execution_arn:
        outcome = workflow_pipeline.propose_trained(told, execution_arn)
    else:
        outcome = workflow_pipeline.propose_next(told, environment)
    if outcome is None:
        out.print(f"There is nothing to propose: {environment} has that release already.")
    else:
        show_outcome(outcome)


@app.command()
def connect() -> None:
    """Say where the connection to the repository is completed by a click; on the twin, complete it."""
    told = _settings()
    found = find_connection(access.client(told, "codeconnections"), told.project.project, told.project.region)
    if found.status == "PENDING" and told.cloud == "twin":
        local_twin.complete_connection(told, found.identifier)
        out.print(f"The connection {told.project.project} is complete: pushes to origin start the pipelines.")
    else:
        out.print(found.words, soft_wrap=True)
