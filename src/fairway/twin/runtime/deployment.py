"""How a fleet is made: from an endpoint configuration, its models, images and artifacts to instances that serve."""

import logging
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.capture_events import Capturing
from fairway.twin.runtime.containers import Session
from fairway.twin.runtime.failures import CallerError, RunError
from fairway.twin.runtime.instances import Instance, deadline
from fairway.twin.runtime.model_containers import new_identity, serving_container
from fairway.twin.runtime.routing import Fleet, retire
from fairway.twin.runtime.serverless import Environment, Environments
from fairway.twin.runtime.shadow import ShadowFleet
from fairway.twin.runtime.support import primary_container
from fairway.twin.runtime.variants import FleetError, VariantFleet
from fairway.twin.runtime.wishes import Wish

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.images import Image, Images

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/Endpoints"
# How long SageMaker lets a container take to its first good ping, when the variant does not say.
STARTUP_SECONDS = 480
# How many asynchronous requests an instance gets at a time when nobody says; SageMaker "chooses an optimal value".
CONCURRENT = 4


class FleetMaker:
    """Makes the fleets of one endpoint; everything of a fleet lies in a folder of its own."""

    def __init__(self, twin: "Twin", images: "Images", endpoint: "Resource") -> None:
        self.abandoned = threading.Event()
        self._twin = twin
        self._images = images
        self._endpoint = endpoint
        self._folder = twin.directory / "endpoints" / f"{endpoint.account}-{endpoint.region}-{endpoint.name}"
        self._starting: tuple[VariantFleet, ...] = ()

    def abandon(self) -> None:
        """End the making of a fleet, now and from now on: the endpoint is going away."""
        self.abandoned.set()
        for variant in self._starting:
            variant.notify()

    def make(self, config: "Resource", wanted: Mapping[str, Wish]) -> Fleet:
        """Start a fleet, and return when all of it serves; raise FleetError, after ending what had started."""
        fleet = self.prepare(config, wanted)
        try:
            self.start({variant: wanted[variant.name].instances for variant in fleet.everyone()})
        except FleetError:
            fleet.retire()
            raise
        return fleet

    def prepare(self, config: "Resource", wanted: Mapping[str, Wish]) -> Fleet:
        """Return a fleet without an instance, whose images and models are there; raise FleetError otherwise."""
        folder = self._folder / secrets.token_hex(8)
        try:
            variants, shadows = (
                tuple(
                    self._prepare(config, variant, wanted[variant["VariantName"]], folder / variant["VariantName"])
                    for variant in config.attributes.get(member) or ()
                )
                for member in ("ProductionVariants", "ShadowProductionVariants")
            )
        except (RunError, FleetError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise FleetError(str(error)) from error
        for variant, shadow in zip(variants, shadows, strict=False):  # there is one of each, or no shadow
            variant.shadow = shadow if isinstance(shadow, ShadowFleet) else None
        return Fleet(config.name, variants, (folder,), config.attributes, shadows)

    def start(self, launches: Mapping[VariantFleet, int]) -> None:
        """Start so many instances more of each variant, and return when they serve; else end them, raise FleetError."""
        self._starting = tuple(launches)
        started = {variant: variant.launch(number) for variant, number in launches.items()}
        try:
            for variant, instances in started.items():
                until = deadline(variant.startup_seconds, self._twin.clock)
                variant.wait_until_serving(instances, until, self.abandoned)
        except FleetError:
            for variant, instances in started.items():
                variant.give_up(instances)
                retire(instances)
            raise

    def _prepare(self, config: "Resource", variant: Mapping[str, Any], wish: Wish, folder: Path) -> VariantFleet:
        """Pull the image and download the artifact, both once, as the model's role."""
        model = self._twin.store.get("Model", self._endpoint.account, self._endpoint.region, variant["ModelName"])
        if model is None:
            raise FleetError(f'Could not find model "{variant["ModelName"]}".')
        container = primary_container(model.attributes)
        session = Session.open(self._twin, model.attributes["ExecutionRoleArn"], self._endpoint)
        image = self._images.pull(container["Image"], session.credentials)
        artifact = self._download(session, container.get("ModelDataUrl"), folder)
        variables = container.get("Environment") or {}
        make: Callable[..., VariantFleet] = ShadowFleet if wish.shadow else VariantFleet
        kind: Callable[..., Instance] = Instance
        if wish.serverless is not None:
            make, kind = partial(Environments, clock=self._twin.clock, serverless=wish.serverless), Environment
        start = partial(
            self._instance, kind, session=session, image=image, variables=variables, artifact=artifact, folder=folder
        )
        fleet = make(
            variant["VariantName"],
            config_name=config.name,
            weight=wish.weight,
            image=image,
            specified_image=container["Image"],
            made_at=self._twin.clock.now(),
            startup_seconds=variant.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS),
            launcher=start,
            session=session,
            limit=_limit(config),
        )
        fleet.capturing = Capturing.of(config.attributes)
        return fleet

    def _download(self, session: Session, url: str | None, folder: Path) -> Path | None:
        if url is None:
            return None
        artifact = folder / "model.tar.gz"
        try:
            session.channels().download_object(url, artifact)
        except CallerError as error:
            raise FleetError(
                f'Failed to download model data for container "container_1" from URL: "{url}". Please ensure that '
                "there is an object located at the URL and that the role passed to CreateModel has permissions to "
                f"download the object. {error}"
            ) from error
        return artifact

    def _instance(
        self,
        kind: Callable[..., Instance],
        changed: Callable[[], None],
        *,
        session: Session,
        image: "Image",
        variables: Mapping[str, str],
        artifact: Path | None,
        folder: Path,
    ) -> Instance:
        identity = new_identity()
        container = serving_container(session, image, variables, artifact, folder / identity)
        log = session.logs(f"{LOG_GROUP}/{self._endpoint.name}", f"{folder.name}/{identity}")
        return kind(identity, container, log, self._twin.clock, changed)


def _limit(config: "Resource") -> int | None:
    """Return how many requests an instance of the configuration gets at a time, None for any number."""
    asynchronous = config.attributes.get("AsyncInferenceConfig")
    if asynchronous is None:
        return None
    return int((asynchronous.get("ClientConfig") or {}).get("MaxConcurrentInvocationsPerInstance", CONCURRENT))
