"""The steps of promotion that commands and the rehearsal share: what AWS runs, the evidence, the pull request."""

from collections.abc import Callable
from dataclasses import replace

from fairway.delivery import access, registry, releases
from fairway.delivery.accounts import clients_in
from fairway.delivery.evaluation import Evaluation
from fairway.delivery.evidence import Evidence, render
from fairway.delivery.forge import Forge, Pull
from fairway.delivery.forge_choice import choose_forge, secret_reader
from fairway.delivery.forge_local import LocalForge
from fairway.delivery.promotion import (
    Outcome,
    Proposal,
    Verify,
    propose_promotion,
    propose_release,
    propose_rollback,
    release_file,
    submit,
)
from fairway.delivery.promotion_check import check
from fairway.delivery.promotion_plan import summary
from fairway.delivery.releases import Release
from fairway.delivery.status import Status, observe, require_running
from fairway.delivery.terraform import silent
from fairway.errors import CheckoutError, FairwayError
from fairway.settings import Settings
from fairway.workflow import release_path

Planner = Callable[[Proposal], str]
"""Returns the summary of what Terraform would do if the proposal were merged."""


def forge_of(settings: Settings) -> Forge:
    """Return the forge that the environment variables choose."""
    return choose_forge(settings, secret_reader(lambda: access.client(settings, "secretsmanager")))


def order_of(settings: Settings) -> list[str]:
    """Return the environments that a release passes through, in order."""
    return [name for name in settings.environments if name in settings.project.accounts]


def promote(
    settings: Settings,
    forge: Forge,
    source: str,
    target: str,
    *,
    verify: Verify,
    plan: Planner | None = None,
    in_step: bool = True,
) -> Outcome | None:
    """Open or refresh the pull request that promotes `source`'s release to `target`; None if there is nothing to do.

    With `in_step` the checkout must show what is promoted, for a person looks at it. Raises what `propose_promotion`,
    `verify` and `submit` raise; `ArtifactMismatchError` for a replaced artifact.
    """
    proposal = propose_promotion(forge, order_of(settings), source, target)
    if proposal is None:
        return None
    if in_step:
        require_in_step(settings, forge, proposal.base, (source, target))
    releases.verify_artifact(access.client(settings, "s3"), proposal.release)
    verify(source, proposal.release)
    notes: tuple[str, ...] = ()
    if proposal.old.previous == proposal.release:
        notes = (f"{target} has run version {proposal.release.version} before, and left it. Why is it wanted again?",)
    return _submit(settings, forge, proposal, source=source, plan=plan, notes=notes)


def propose_first(settings: Settings, forge: Forge, release: Release) -> Outcome | None:
    """Open or refresh the pull request that brings what was trained to the first environment; None if it is there."""
    proposal = propose_release(forge, order_of(settings), release)
    if proposal is None:
        return None
    releases.verify_artifact(access.client(settings, "s3"), release)
    return _submit(settings, forge, proposal, source="training", plan=None)


def rollback(
    settings: Settings, forge: Forge, environment: str, reason: str, *, plan: Planner | None = None
) -> Outcome:
    """Open or refresh the pull request that swaps an environment's current and previous release."""
    proposal = propose_rollback(forge, order_of(settings), environment)
    releases.verify_artifact(access.client(settings, "s3"), proposal.release)
    return _submit(settings, forge, proposal, source=None, plan=plan, reason=reason)


def _submit(
    settings: Settings, forge: Forge, proposal: Proposal, *, source: str | None, plan: Planner | None, reason: str = "",
    notes: tuple[str, ...] = (),
) -> Outcome:  # fmt: skip
    champion = proposal.old.current
    ours, our_note = _evaluation(settings, proposal.release)
    theirs, their_note = _evaluation(settings, champion) if champion else (None, ())
    evidence = Evidence(
        proposal.environment, proposal.release, source, champion, ours, theirs,
        plan=plan(proposal) if plan else None, commits=forge.commits, reason=reason,
        notes=(*notes, *our_note, *their_note),
    )  # fmt: skip
    return submit(forge, replace(proposal, body=render(evidence)))


def _evaluation(settings: Settings, release: Release) -> tuple[Evaluation | None, tuple[str, ...]]:
    """Return a release's evaluation, or why there is none: a reviewer can decide without, if it is said."""
    sagemaker, s3 = access.client(settings, "sagemaker"), access.client(settings, "s3")
    try:
        return registry.evaluation_of(sagemaker, s3, release.model_package_arn), ()
    except FairwayError as error:
        return None, (f"The evaluation of version {release.version} cannot be shown: {error}",)


def require_in_step(settings: Settings, forge: Forge, base: str, environments: tuple[str, ...]) -> None:
    """Refuse a checkout whose release files are not the forge's: what the person sees is not what is promoted."""
    for name in environments:
        if release_path(settings, name).read_text() != forge.read(release_file(name), base):
            raise CheckoutError(
                f"{release_file(name)} of this checkout is not what {forge.default_branch()} of {forge.name} holds: "
                "commit and push what was changed here, or `git pull` what was merged there"
            )


def merge(settings: Settings, forge: Forge, number: int) -> Pull:
    """Merge a pull request. A local forge has no CI: there the rules of a promotion are checked here."""
    if isinstance(forge, LocalForge) and any(pull.number == number for pull in forge.pulls()):
        check(forge.repository, forge.default_branch(), f"refs/pulls/{number}/head", order_of(settings))
    return forge.merge(number)


def verify_running(settings: Settings) -> Verify:
    """Return what raises `ReleaseNotRunningError` unless an environment's endpoint runs a release, and well."""
    return lambda environment, release: require_running(
        environment, release, status_of(settings, environment, release).running
    )


def registered(settings: Settings) -> Callable[[str], Release]:
    """Return what tells the release that the registry has under a model package's ARN."""
    return lambda arn: registry.release_of(access.client(settings, "sagemaker"), access.client(settings, "s3"), arn)


def statuses(settings: Settings, *, drift: bool = False) -> list[Status]:
    """Compare every environment's release file with what runs; with `drift`, plan each of them too."""
    found = []
    for name in order_of(settings):
        status = status_of(settings, name, releases.read(release_path(settings, name)).current)
        found.append(replace(status, drift=_drift(settings, name)) if drift else status)
    return found


def status_of(settings: Settings, environment: str, wanted: Release | None) -> Status:
    """Ask AWS what an environment runs."""
    client = clients_in(settings, environment)
    endpoint = f"{settings.project.project}-{environment}"
    return Status(environment, wanted, observe(client("sagemaker"), client("cloudwatch"), endpoint))


def _drift(settings: Settings, environment: str) -> str:
    planned = summary(settings, environment, silent)
    return "" if planned.startswith("No changes") else planned.splitlines()[0] if planned else "a change"
