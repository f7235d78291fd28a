"""The commands by which a release moves: promote, rollback, merge, history, status, and the check for CI."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from fairway import local_twin, workflow_promotion
from fairway.console import Steps, out
from fairway.delivery import access
from fairway.delivery.connection import find_connection
from fairway.delivery.git import fast_forward
from fairway.delivery.history import history as history_of
from fairway.delivery.promotion import Outcome, Proposal
from fairway.delivery.promotion_check import check
from fairway.delivery.promotion_plan import plan_of
from fairway.delivery.status import Status
from fairway.errors import CheckoutError, NotProvisionedError
from fairway.settings import Settings

app = typer.Typer()

NoPlan = Annotated[bool, typer.Option("--no-plan", help="Leave the plan out: CI posts it on the pull request.")]


def _settings() -> Settings:
    told = Settings.load(Path.cwd())
    local_twin.require(told)
    return told


@app.command()
def promote(
    source: Annotated[str, typer.Argument(help="The environment that runs the release.")],
    target: Annotated[str, typer.Argument(help="The one after it.")],
    *,
    no_plan: NoPlan = False,
) -> None:
    """Open the pull request that promotes a release to the next environment, or bring it up to date."""
    told = _settings()
    outcome = workflow_promotion.promote(
        told, workflow_promotion.forge_of(told), source, target,
        verify=workflow_promotion.verify_running(told), plan=None if no_plan else _planner(told),
    )  # fmt: skip
    if outcome is None:
        out.print(f"There is nothing to do: {target} has {source}'s release already.")
    else:
        show_outcome(outcome)


@app.command()
def rollback(
    environment: Annotated[str, typer.Argument(help="The environment to roll back.")],
    reason: Annotated[str, typer.Option(envvar="REASON", help="Why: it stands in the pull request.")],
    *,
    no_plan: NoPlan = False,
) -> None:
    """Open the pull request that swaps an environment's current and previous release."""
    told = _settings()
    plan = None if no_plan else _planner(told)
    show_outcome(workflow_promotion.rollback(told, workflow_promotion.forge_of(told), environment, reason, plan=plan))


@app.command()
def merge(number: Annotated[int, typer.Argument(help="The pull request's number.")]) -> None:
    """Merge a pull request, and bring the checkout up to date where that is a fast-forward."""
    told = Settings.load(Path.cwd())
    pull = workflow_promotion.merge(told, workflow_promotion.forge_of(told), number)
    out.print(f"#{pull.number} is merged into {pull.base}: {escape(pull.title)}.")
    try:
        fast_forward(told.root, pull.base)
    except CheckoutError as error:
        out.print(f"[yellow]note:[/] {escape(str(error))}")


@app.command()
def history(environment: Annotated[str, typer.Argument(help="An environment.")] = "dev") -> None:
    """Show from Git what an environment was told to run: since when, by whom, by which pull request."""
    told = Settings.load(Path.cwd())
    told.require_environment(environment)
    table = Table(title=f"{environment}'s releases", title_justify="left")
    for name in ("when", "version", "by", "pull", "commit", "subject"):
        table.add_column(name, overflow="fold", no_wrap=name in ("when", "commit"))
    for entry in history_of(told.root, environment):
        number = f"#{entry.pull}" if entry.pull else ""
        cells = (entry.when, entry.version or "none", entry.who, number, entry.commit[:8], entry.subject)
        table.add_row(*map(escape, cells))
    out.print(table)


@app.command()
def status(
    *, drift: Annotated[bool, typer.Option("--drift", help="Plan every environment too, which takes longer.")] = False
) -> None:
    """Compare, for every environment, what Git wants with what runs; exit 1 where they differ."""
    told = _settings()
    rows = workflow_promotion.statuses(told, drift=drift)
    out.print(_table(rows))
    out.print(_connection(told), soft_wrap=True)
    for row in rows:
        for difference in row.differences:
            out.print(f"[red]{row.environment}:[/] {escape(difference)}.")
    if any(row.differences for row in rows):
        raise typer.Exit(1)


def _connection(told: Settings) -> str:
    try:
        return find_connection(access.client(told, "codeconnections"), told.project.project, told.project.region).words
    except NotProvisionedError as error:  # environments can be looked at without pipelines
        return str(error)


@app.command("check-promotion")
def check_promotion(
    base: Annotated[str, typer.Option(envvar="BASE", help="What the pull request goes into: a branch, a commit.")],
    head: Annotated[str, typer.Option(envvar="HEAD", help="The commit or branch that it comes from.")] = "HEAD",
    *,
    ask: Annotated[bool, typer.Option("--ask-aws", help="Ask the registry and the source's endpoint too.")] = False,
) -> None:
    """Refuse a pull request that changes a release file in a way that is no promotion and no rollback."""
    told = _settings() if ask else Settings.load(Path.cwd())
    sentence = check(
        told.root, base, head, workflow_promotion.order_of(told),
        verify=workflow_promotion.verify_running(told) if ask else None,
        registered=workflow_promotion.registered(told) if ask else None,
    )  # fmt: skip
    out.print(escape(sentence))


def _planner(told: Settings) -> workflow_promotion.Planner:
    def plan(proposal: Proposal) -> str:
        with Steps().step(f"Plan of {proposal.environment}") as step:
            return plan_of(told, proposal, step.listen)

    return plan


def show_outcome(outcome: Outcome) -> None:
    """Print what became of a proposal, and how to go on."""
    words = {"opened": "is open", "updated": "is brought up to date", "unchanged": "is open already, and up to date"}
    out.print(f"Pull request #{outcome.pull.number} {words[outcome.done]}: {escape(outcome.pull.title)}.")
    for number in outcome.superseded:
        out.print(f"It takes the place of #{number}, which is closed.")
    out.print(f"  {escape(outcome.pull.where)}\n  make merge PR={outcome.pull.number}")


def _table(rows: list[Status]) -> Table:
    table = Table()
    for name in ("environment", "wanted", "runs", "endpoint", "alarms"):
        table.add_column(name, overflow="fold")
    planned = any(row.drift is not None for row in rows)
    if planned:
        table.add_column("plan", overflow="fold")
    for row in rows:
        cells = [row.environment, row.wanted.version if row.wanted else "none", "none", "none", ""]
        if running := row.running:
            by = f"{running.instances} of {running.desired} instances"
            state = f"{running.status}, {'serverless' if running.mode == 'serverless' else by}"
            if running.mode == "asynchronous":
                state += ", asynchronous"
            state = "\n".join(part for part in (state, running.config, running.challenger) if part)
            cells[2:] = [running.version, state, "\n".join(running.alarms) or "none"]
        table.add_row(*cells, *([row.drift or "no changes"] if planned else []))
    return table
