"""Deploy what an environment's release.json says, and know how it ended."""

from datetime import UTC, datetime
from typing import Any

from fairway import workflow, workflow_promotion
from fairway.delivery import api_release, releases
from fairway.delivery.accounts import clients_in
from fairway.delivery.diagnosis import diagnose
from fairway.delivery.provision import Provisioner
from fairway.delivery.terraform import Listener, Plan, silent
from fairway.errors import (
    DeploymentFailedError,
    EndpointConfigurationError,
    FairwayError,
    PlanStaleError,
    StateLockedError,
    TerraformDiedError,
    TerraformError,
)
from fairway.settings import Settings

STILL_THERE = 'Cannot create already existing endpoint "'
"""SageMaker's word, of an endpoint whose name is taken."""


def deploy(
    settings: Settings, environment: str, *, plan: Plan | None = None, listen: Listener = silent
) -> dict[str, Any]:
    """Apply an environment's plan (made now, if none is given), verify what runs, and return Terraform's outputs.

    Raises `DeploymentFailedError` with why and with the pull request that reverts it, if there is something to go back
    to; `StateLockedError`, `PlanStaleError` and the errors of planning as they are, since nothing was changed then, and
    `TerraformDiedError`, since nobody knows yet what was.
    """
    provisioner = Provisioner(settings, listen=listen)
    if plan is None:
        workflow.verify_releases(settings, environment)
        plan = provisioner.plan(environment)
    since = datetime.now(UTC)
    try:
        outputs = _apply(provisioner, environment, plan, listen)
        verify(settings, environment, outputs)
        api_release.release(settings, environment, outputs, listen)
    except (StateLockedError, PlanStaleError, TerraformDiedError):
        raise  # none of them says anything of the release
    except FairwayError as error:
        if releases.read(workflow.release_path(settings, environment)).current is None:
            raise  # nothing was to be deployed: the error is not about an endpoint
        raise _failed(settings, environment, error, since) from error
    return outputs


def _apply(provisioner: Provisioner, environment: str, plan: Plan, listen: Listener) -> dict[str, Any]:
    """Apply a plan; one that replaces the endpoint is ended once SageMaker has deleted the old one.

    Terraform's provider takes an endpoint that is being deleted for one that is gone, and makes the next too early.
    What is left to do is planned anew, as after an apply that was killed: that waits for the endpoint.
    """
    try:
        return provisioner.apply(environment, plan)
    except TerraformError as error:
        if STILL_THERE not in error.message:
            raise
        listen("The endpoint that is replaced is still being deleted: the rest is applied when it is gone.")
        return provisioner.apply(environment, provisioner.plan(environment))


def verify(settings: Settings, environment: str, outputs: dict[str, Any]) -> None:
    """Check that the endpoint runs the wanted configuration and release, on all instances, and answers as recorded."""
    current = releases.read(workflow.release_path(settings, environment)).current
    if current is None:
        return
    running = workflow_promotion.status_of(settings, environment, current).running
    if running is not None and running.config != outputs["endpoint_config_name"]:
        raise EndpointConfigurationError(environment, outputs["endpoint_config_name"], running.config)
    workflow_promotion.verify_running(settings)(environment, current)
    workflow.invoke_golden(settings, environment, outputs["endpoint_name"])


def _failed(settings: Settings, environment: str, error: FairwayError, since: datetime) -> DeploymentFailedError:
    client = clients_in(settings, environment)
    endpoint = f"{settings.project.project}-{environment}"
    reasons = diagnose(client("sagemaker"), client("cloudwatch"), client("logs"), endpoint, since)
    summary = error.message if isinstance(error, TerraformError) else str(error)
    why = "\n".join([summary, *reasons])
    return DeploymentFailedError(environment, why, _revert(settings, environment, why))


def _revert(settings: Settings, environment: str, why: str) -> str:
    """Open the pull request that goes back to the previous release, and say how to go on."""
    if releases.read(workflow.release_path(settings, environment)).previous is None:
        return f"There is no previous release to go back to: correct {environment}'s release.json."
    try:
        pull = workflow_promotion.rollback(settings, workflow_promotion.forge_of(settings), environment, why).pull
    except FairwayError as error:
        return f"The pull request that reverts it could not be opened ({error}): `make rollback ENV={environment}`."
    return (
        f"Pull request #{pull.number} reverts it: `make merge PR={pull.number}`, then `make apply ENV={environment}`."
    )
