"""One endpoint: its resource, the fleet that it runs, and the routes to it. An update starts the new fleet first."""

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.deployment import FleetMaker, Retained, Wish, wishes
from fairway.twin.runtime.instances import INVOCATION_SECONDS
from fairway.twin.runtime.routing import Fleet, FleetError, Router, retire

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.images import Images

logger = logging.getLogger(__name__)

EVENT = "SageMaker Endpoint State Change"
# The statuses as SageMaker's events spell them.
EVENT_STATUS = {
    "Creating": "CREATING",
    "InService": "IN_SERVICE",
    "Updating": "UPDATING",
    "Failed": "FAILED",
    "Deleting": "DELETING",
}
EVENT_MEMBERS = (
    "EndpointName",
    "EndpointArn",
    "EndpointConfigName",
    "ProductionVariants",
    "FailureReason",
    "CreationTime",
    "LastModifiedTime",
)


class Endpoint:
    """One endpoint: its resource, the fleet that it runs, and the routes to it."""

    def __init__(self, twin: "Twin", images: "Images", resource: "Resource") -> None:
        self.resource = resource
        self.router = Router()
        self.fleet: Fleet | None = None
        self._twin = twin
        self._maker = FleetMaker(twin, images, resource)
        self._deploying = threading.Lock()

    def create(self, config: "Resource") -> None:
        """Bring up the first fleet; the endpoint is InService or Failed afterwards."""
        self._tell(EndpointStatus="Creating")
        try:
            self._deploy(config, {})
        except FleetError as error:
            self._tell(EndpointStatus="Failed", FailureReason=str(error))

    def update(self, config: "Resource") -> None:
        """Replace the fleet by another configuration's; if that does not come up, the endpoint stays what it is."""
        self._tell(EndpointStatus="Updating", FailureReason=None, PendingDeploymentSummary=self._pending(config))
        try:
            self._deploy(config, self._retained())
        except FleetError as error:
            self._tell(EndpointStatus="InService", FailureReason=str(error), PendingDeploymentSummary=None)

    def adjust(self, wanted: Mapping[str, Wish]) -> None:
        """Give running variants other weights and numbers of instances; new instances get requests once they serve."""
        with self._deploying:
            if self.fleet is None:
                return
            fleet = self.fleet
            self._tell(EndpointStatus="Updating", FailureReason=None, ProductionVariants=_summaries(fleet, wanted))
            reason = None
            try:
                for variant in fleet.variants:
                    variant.weight = wanted[variant.name].weight
                self.router.swap(fleet.routes())
                self._resize(fleet, wanted)
            except FleetError as error:
                reason = str(error)
            self._tell(EndpointStatus="InService", FailureReason=reason, ProductionVariants=_summaries(fleet))

    def _resize(self, fleet: Fleet, wanted: Mapping[str, Wish]) -> None:
        missing = {variant: wanted[variant.name].instances - len(variant.instances) for variant in fleet.variants}
        self._maker.start({variant: number for variant, number in missing.items() if number > 0})
        for variant, number in missing.items():
            ended = variant.instances[number:] if number < 0 else []
            variant.give_up(ended)
            self.router.drain(ended)
            retire(ended)

    def running(self) -> dict[str, Wish]:
        """Return what each running variant has."""
        variants = self.fleet.variants if self.fleet is not None else ()
        return {variant.name: Wish(len(variant.instances), variant.weight) for variant in variants}

    def delete(self) -> None:
        """End everything, and forget the endpoint."""
        self._maker.abandon()
        self._tell(EndpointStatus="Deleting")
        with self._deploying:
            self.router.swap(())
            if self.fleet is not None:
                self.router.drain(self.fleet.instances())
                self.fleet.retire()
        self._twin.store.remove(self.resource)

    def close(self) -> None:
        """End the containers, because the twin ends."""
        self._maker.abandon()
        with self._deploying:
            if self.fleet is not None:
                self.fleet.retire(grace=0)

    def _deploy(self, config: "Resource", retained: Retained) -> None:
        with self._deploying:
            fleet = self._maker.make(config, wishes(config, retained))
            old, self.fleet = self.fleet, fleet
            self.router.swap(fleet.routes())
            self._tell(
                EndpointStatus="InService",
                EndpointConfigName=config.name,
                FailureReason=None,
                PendingDeploymentSummary=None,
                ProductionVariants=_summaries(fleet),
            )
            if old is not None:
                self.router.drain(old.instances(), INVOCATION_SECONDS)
                old.retire()

    def _retained(self) -> Retained:
        """Return what the running variants have that the request wants to keep (RetainAllVariantProperties)."""
        request = self.resource.attributes
        if not request.get("RetainAllVariantProperties") or self.fleet is None:
            return {}
        dropped = {item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties") or ()}
        members = {"DesiredInstanceCount": "instances", "DesiredWeight": "weight"}
        kept = [member for name, member in members.items() if name not in dropped]
        return {name: {member: getattr(wish, member) for member in kept} for name, wish in self.running().items()}

    def _pending(self, config: "Resource") -> dict[str, Any]:
        wanted = wishes(config, self._retained())
        variants = [
            {"VariantName": name, "DesiredInstanceCount": wish.instances, "DesiredWeight": wish.weight}
            for name, wish in wanted.items()
        ]
        return {"EndpointConfigName": config.name, "ProductionVariants": variants, "StartTime": self._twin.clock.now()}

    def _tell(self, **attributes: Any) -> None:
        self._twin.store.update(self.resource, **attributes)
        now = self.resource.attributes
        detail = {name: now[name] for name in EVENT_MEMBERS if now.get(name) is not None}
        detail |= {"EndpointStatus": EVENT_STATUS[now["EndpointStatus"]], "Tags": self.resource.tags}
        try:
            self._twin.emit(
                source="aws.sagemaker",
                detail_type=EVENT,
                detail=detail,
                resources=[self.resource.arn],
                account=self.resource.account,
                region=self.resource.region,
            )
        except Exception:  # an endpoint does not fail because nobody could be told
            logger.exception("the event of %s could not be sent", self.resource.arn)


def _summaries(fleet: Fleet, wanted: Mapping[str, Wish] | None = None) -> list[dict[str, Any]]:
    """Return the variants as DescribeEndpoint shows them, on their way to what is wanted."""
    return [variant.summary() | _desired((wanted or {}).get(variant.name)) for variant in fleet.variants]


def _desired(wish: Wish | None) -> dict[str, Any]:
    return {} if wish is None else {"DesiredWeight": wish.weight, "DesiredInstanceCount": wish.instances}
