"""The instances of one production variant, and how they come up."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.instances import Instance
from fairway.twin.runtime.wishes import Wish

if TYPE_CHECKING:
    from datetime import datetime

    from fairway.twin.runtime.capture_events import Capturing
    from fairway.twin.runtime.containers import Session
    from fairway.twin.runtime.images import Image
    from fairway.twin.runtime.shadow import ShadowFleet

# SageMaker's limit of a request's body.
BODY_BYTES = 6 * 1024 * 1024


class FleetError(Exception):
    """A fleet does not come up; the message is SageMaker's FailureReason."""


class CapacityError(Exception):
    """A variant does not take a request; with the code and the status that SageMaker answers."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class VariantFleet:
    """The instances of one production variant under one configuration.

    `session` is the execution role of its model, in use. `limit` is how many requests an instance works on at a time.
    """

    body_limit = BODY_BYTES
    # So many ends before its first good ping, and a container will not pass; SageMaker waits for the end of its time.
    hopeless = 3
    # What is written of its requests, and who gets copies of them: set by those who prepare it.
    capturing: "Capturing | None" = None
    shadow: "ShadowFleet | None" = None

    def __init__(
        self,
        name: str,
        *,
        config_name: str,
        weight: float,
        image: "Image",
        specified_image: str,
        made_at: "datetime",
        startup_seconds: float,
        launcher: Callable[[Callable[[], None]], Instance],
        session: "Session | None" = None,
        limit: int | None = None,
    ) -> None:
        self.name = name
        self.config_name = config_name
        self.weight = weight
        self.image = image
        self.specified_image = specified_image
        self.made_at = made_at
        self.startup_seconds = startup_seconds
        self.session = session
        self.instances: list[Instance] = []
        self._limit = limit
        self._launcher = launcher
        self._changed = threading.Condition()
        self._turn = count()

    def launch(self, number: int) -> list[Instance]:
        """Start `number` instances more; return them at once."""
        launched = [self._launcher(self.notify) for _ in range(number)]
        self.instances = [*self.instances, *launched]
        return launched

    def give_up(self, instances: Sequence[Instance]) -> None:
        """Send no request to these instances from now on."""
        self.instances = [instance for instance in self.instances if instance not in instances]

    def wait_until_serving(self, instances: Sequence[Instance], until: float, abandoned: threading.Event) -> None:
        """Return when these instances serve; raise FleetError when they do not by the monotonic moment `until`."""
        with self._changed:
            while not all(instance.serving for instance in instances):
                self._check(instances, until, abandoned)
                self._changed.wait(max(0.0, until - time.monotonic()))

    def summary(self) -> dict[str, Any]:
        """Return the variant as DescribeEndpoint shows it."""
        deployed = {
            "SpecifiedImage": self.specified_image,
            "ResolvedImage": self.image.uri,
            "ResolutionTime": self.made_at,
        }
        return {
            "VariantName": self.name,
            "DeployedImages": [deployed],
            "CurrentWeight": self.weight,
            **self.wish().desired(),
            **self.capacity(),
        }

    def capacity(self) -> dict[str, Any]:
        """Return the members of a summary that say what serves now."""
        return {"CurrentInstanceCount": sum(instance.serving for instance in self.instances)}

    def pick(self, avoid: Sequence[Instance] = ()) -> Instance | None:
        """Return the next serving instance in turn, or None."""
        limit = self._limit if self._limit is not None else inf
        serving = [one for one in self.instances if one.serving and one not in avoid and one.in_flight < limit]
        return serving[next(self._turn) % len(serving)] if serving else None

    def make_ready(self, instance: Instance) -> None:
        """Return when a picked instance can be asked."""

    def release(self, instance: Instance) -> None:
        """Take a picked instance back."""

    def wish(self) -> Wish:
        """Return what it has."""
        return Wish(len(self.instances), self.weight)

    def adjust(self, wish: Wish) -> int:
        """Take over another wish; return how many instances are missing for it, below 0 how many are too many."""
        self.weight = wish.weight
        return wish.instances - len(self.instances)

    def measures(self, instance: Instance, values: Mapping[str, float]) -> dict[str, float]:  # noqa: ARG002 -- of all
        """Return what one request to an instance adds to each metric, of what it adds to those of all endpoints."""
        return {**values, "InvocationsPerInstance": 1.0 / max(1, len(self.instances))}

    def close(self) -> None:
        """Start no instance any more."""

    def notify(self) -> None:
        """Wake whoever waits for the instances to serve."""
        with self._changed:
            self._changed.notify_all()

    def _check(self, instances: Sequence[Instance], until: float, abandoned: threading.Event) -> None:
        if abandoned.is_set():
            raise FleetError("The deployment was ended before its instances were ready.")
        for instance in instances:
            if instance.problem is not None:
                raise FleetError(
                    f"CannotStartContainerError. Please ensure the model container for variant {self.name} starts "
                    f"correctly when invoked with 'docker run <image> serve'. {instance.problem}"
                )
        hopeless = any(instance.ends >= self.hopeless and not instance.serving for instance in instances)
        if hopeless or time.monotonic() >= until:
            raise FleetError(
                f"The primary container for production variant {self.name} did not pass the ping health check. "
                "Please check CloudWatch logs for this endpoint."
            )
