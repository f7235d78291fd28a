"""What an environment runs beside what Git wants it to run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from fairway.delivery.alarms import watching
from fairway.delivery.asking import CHALLENGER, CURRENT, Mode, mode_of
from fairway.delivery.releases import Release
from fairway.errors import ReleaseNotRunningError


@dataclass(frozen=True)
class Running:
    """What AWS says of an endpoint, its configuration, its model and its alarms."""

    status: str
    failure: str
    config: str
    version: str
    image: str
    model_data_url: str
    git_sha: str
    instances: int
    desired: int
    mode: Mode
    challenger: str
    """Which variants an experiment adds, in words; empty without one."""
    alarms: tuple[str, ...]
    """Of those that watch its deployments, the ones in ALARM, but for those that only have no data."""


@dataclass(frozen=True)
class Status:
    """An environment: what is wanted, what runs, and whether a plan would change it (None: not looked at)."""

    environment: str
    wanted: Release | None
    running: Running | None
    drift: str | None = None

    @property
    def differences(self) -> list[str]:
        """What is not as Git wants it, one phrase each; none when all is well."""
        planned = [f"Terraform plans: {self.drift.rstrip('.')}"] if self.drift else []
        return differences(self.wanted, self.running) + planned


def observe(sagemaker: Any, cloudwatch: Any, endpoint: str) -> Running | None:
    """Ask what an endpoint runs; None where there is no such endpoint."""
    try:
        told = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if "Could not find endpoint" not in error.response["Error"].get("Message", ""):
            raise
        return None
    config = sagemaker.describe_endpoint_config(EndpointConfigName=told["EndpointConfigName"])
    container = sagemaker.describe_model(ModelName=_served(config)["ModelName"])["PrimaryContainer"]
    variables = container["Environment"]
    variants = told.get("ProductionVariants", [])
    ringing = [alarm for alarm in watching(cloudwatch, told) if alarm["StateValue"] == "ALARM"]
    names = [alarm["AlarmName"] for alarm in ringing if not for_want_of_data(alarm.get("StateReason", ""))]
    return Running(
        status=told["EndpointStatus"],
        failure=told.get("FailureReason", ""),
        config=told["EndpointConfigName"],
        version=variables.get("FAIRWAY_RELEASE", "?"),
        # In script mode a managed image serves what the release's image has trained.
        image=variables.get("FAIRWAY_IMAGE", "?") if "SAGEMAKER_PROGRAM" in variables else container["Image"],
        model_data_url=container["ModelDataUrl"],
        git_sha=variables.get("FAIRWAY_GIT_SHA", "?"),
        instances=sum(variant.get("CurrentInstanceCount", 0) for variant in variants),
        desired=sum(variant.get("DesiredInstanceCount", 0) for variant in variants),
        mode=mode_of(config),
        challenger=_challenger(config),
        alarms=tuple(sorted(names)),
    )


def _served(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variant that the release runs in; an experiment may have put another beside it."""
    variants: list[Mapping[str, Any]] = config["ProductionVariants"]
    return next((each for each in variants if each["VariantName"] == CURRENT), variants[0])


def _challenger(config: Mapping[str, Any]) -> str:
    for kind, word in (("ProductionVariants", "answers"), ("ShadowProductionVariants", "shadows")):
        for variant in config.get(kind) or []:
            if variant["VariantName"] == CHALLENGER:
                return f"{variant['ModelName']} {word} {variant['InitialVariantWeight']:g} %"
    return ""


def for_want_of_data(reason: str) -> bool:
    """Whether an alarm rings because nobody asks the endpoint anything: that ends a rollout, and is no sign of illness.

    The sentence is CloudWatch's own.
    """
    return "no datapoints were received" in reason


def differences(wanted: Release | None, running: Running | None) -> list[str]:
    """Return what tells an endpoint from the release that it should run: content, health, instances, alarms."""
    if running is None:
        return [f"version {wanted.version} is wanted, and there is no endpoint"] if wanted else []
    if wanted is None:
        return [f"no release is wanted, and version {running.version} runs"]
    return list(_differences(wanted, running))


def _differences(wanted: Release, running: Running) -> Iterator[str]:
    if running.version != wanted.version:
        yield f"version {wanted.version} is wanted, and {running.version} runs"
    else:
        for name in ("image", "model_data_url", "git_sha"):
            if getattr(running, name) != getattr(wanted, name):
                yield f"`{name}` of version {wanted.version} is {getattr(wanted, name)}, {getattr(running, name)} runs"
    if running.status != "InService":
        yield f"the endpoint is {running.status}" + (f" ({running.failure})" if running.failure else "")
    # Only those who answer at once by instances need one always.
    needed = max(running.desired, 1) if running.mode == "real_time" else running.desired
    if running.instances < needed:
        yield f"{running.instances} of {running.desired} instances run"
    for alarm in running.alarms:
        yield f"the alarm {alarm} is in ALARM"


def require_running(environment: str, wanted: Release, running: Running | None) -> None:
    """Raise `ReleaseNotRunningError` unless the environment runs that release, and well."""
    reasons = differences(wanted, running)
    if reasons:
        raise ReleaseNotRunningError(environment, reasons)
