"""One endpoint: its resource, the fleet that it runs, and the routes to it. An update starts the new fleet first."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.async_work import AsyncWork
from fairway.twin.runtime.auto_rollback import AutoRollback
from fairway.twin.runtime.backlog import Backlog
from fairway.twin.runtime.capture_events import summary as capture_summary
from fairway.twin.runtime.deployment import FleetMaker
from fairway.twin.runtime.invocations import Invoker
from fairway.twin.runtime.rollout import RollbackFailedError, Rollout, Stage
from fairway.twin.runtime.rollout_plan import Deployment
from fairway.twin.runtime.routing import Fleet, Router, retire
from fairway.twin.runtime.shadow import ShadowFleet
from fairway.twin.runtime.variants import FleetError, VariantFleet
from fairway.twin.runtime.wishes import Wish, wishes

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.images import Images

logger = logging.getLogger(__name__)

EVENT = "SageMaker Endpoint State Change"
DEPLOYMENT_EVENT = "SageMaker Endpoint Deployment State Change"
# The statuses as SageMaker's events spell them.
EVENT_STATUS = {
    "Creating": "CREATING",
    "InService": "IN_SERVICE",
    "Updating": "UPDATING",
    "Failed": "FAILED",
    "Deleting": "DELETING",
    "RollingBack": "ROLLING_BACK",
    "UpdateRollbackFailed": "UPDATE_ROLLBACK_FAILED",
}
EVENT_MEMBERS = (
    "EndpointName",
    "EndpointArn",
    "EndpointConfigName",
    "ProductionVariants",
    "ShadowProductionVariants",
    "FailureReason",
    "CreationTime",
    "LastModifiedTime",
)


class Endpoint:
    """One endpoint: its resource, the fleet that it runs, and the routes to it."""

    def __init__(
        self,
        twin: "Twin",
        images: "Images",
        resource: "Resource",
        invoker: Invoker,
        retired: Callable[[], None],
    ) -> None:
        """Make one that does not run yet; `retired` is called whenever a fleet has ended."""
        self.resource = resource
        self._retired = retired
        self.router = Router()
        self.backlog: Backlog | None = None  # of asynchronous requests
        self._work = AsyncWork(twin, resource, invoker)
        self._metrics = invoker.metrics
        self.fleet: Fleet | None = None
        self._twin = twin
        self._maker = FleetMaker(twin, images, resource)
        self._deploying = threading.Lock()
        self._started = twin.clock.now()  # the rollout that runs

    def create(self, config: "Resource") -> None:
        """Bring up the first fleet; the endpoint is InService or Failed afterwards."""
        self._tell(EndpointStatus="Creating")
        with self._deploying:
            try:
                self._take_over(self._maker.make(config, wishes(config, {})))
            except FleetError as error:
                self._tell(EndpointStatus="Failed", FailureReason=str(error))

    def update(self, config: "Resource", deployment: Deployment) -> None:
        """Roll out another configuration; if that does not end well, the endpoint stays what it is."""
        with self._deploying:
            wanted = self.wishes(config, self.resource.attributes)
            self._started = self._twin.clock.now()
            self._tell(EndpointStatus="Updating", FailureReason=None)
            assert self.fleet is not None  # noqa: S101 -- only an endpoint that serves is updated
            alarms = AutoRollback(self._twin, self.resource, config, deployment)
            rollout = Rollout(
                self._twin.clock,
                self.router,
                self._maker,
                self.fleet,
                deployment,
                alarms.trouble,
                partial(self._tell_stage, wanted),
            )
            try:
                self._take_over(rollout.run(config, wanted))
            except RollbackFailedError as error:
                self.fleet = error.mixed
                self._settle("UpdateRollbackFailed", str(error))
            except FleetError as error:
                self._settle("InService", str(error))

    def adjust(self, wanted: Mapping[str, Wish]) -> None:
        """Give running variants other weights and numbers of instances; new instances get requests once they serve."""
        with self._deploying:
            if self.fleet is None:
                return
            fleet, reason = self.fleet, None
            self._tell(EndpointStatus="Updating", FailureReason=None, **_summaries(fleet, wanted))
            try:
                missing = {variant: variant.adjust(wanted[variant.name]) for variant in fleet.everyone()}
                self.router.swap(fleet.routes())
                self._resize(missing)
            except FleetError as error:
                reason = str(error)
                self._tell(EndpointStatus="RollingBack")
            self._settle("InService", reason)

    def _resize(self, missing: Mapping[VariantFleet, int]) -> None:
        self._maker.start({variant: number for variant, number in missing.items() if number > 0})
        for variant, number in missing.items():
            ended = variant.instances[number:] if number < 0 else []
            variant.give_up(ended)
            if not isinstance(variant, ShadowFleet):  # nobody waits for its answers
                self.router.drain(ended)
            retire(ended)

    def running(self) -> dict[str, Wish]:
        """Return what each running variant has."""
        variants = self.fleet.everyone() if self.fleet is not None else ()
        return {variant.name: variant.wish() for variant in variants}

    def delete(self) -> None:
        """End everything, and forget the endpoint."""
        self._abandon()
        self._tell(EndpointStatus="Deleting")
        with self._deploying:
            self.router.swap(())
            if self.fleet is not None:
                self.router.drain(self.fleet.instances())
                self.fleet.retire()
                self._retired()
            self._work.close()
        self._twin.store.remove(self.resource)

    def close(self) -> None:
        """End the containers, because the twin ends."""
        self._abandon()
        with self._deploying:
            if self.fleet is not None:
                self.fleet.retire(grace=0)
            self._work.close()

    def _abandon(self) -> None:
        self._maker.abandon()
        if self.backlog is not None:
            self.backlog.close()

    def _take_over(self, fleet: Fleet) -> None:
        if fleet.asynchronous is not None and self.backlog is None:
            self.backlog = Backlog(self._twin.clock, self.resource, self.router, self._work, self._metrics)
        old, self.fleet = self.fleet, fleet
        self.router.swap(fleet.routes())
        self._settle(
            "InService",
            None,
            EndpointConfigName=fleet.config_name,
            AsyncInferenceConfig=fleet.asynchronous,
            DataCaptureConfig=capture_summary(fleet.config),
        )
        if old is not None:
            self.router.drain(old.instances())
            old.retire()
            self._retired()

    def _settle(self, status: str, reason: str | None, **attributes: Any) -> None:
        assert self.fleet is not None  # noqa: S101 -- an endpoint without one is Failed
        shown = {**_summaries(self.fleet), **attributes}
        self._tell(EndpointStatus=status, FailureReason=reason, PendingDeploymentSummary=None, **shown)

    def wishes(self, config: "Resource", request: Mapping[str, Any]) -> dict[str, Wish]:
        """Return what an update wants of each variant; RetainAllVariantProperties keeps what the running ones have."""
        if not request.get("RetainAllVariantProperties"):
            return wishes(config, {})
        dropped = {item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties") or ()}
        return wishes(config, {name: wish.retained(dropped) for name, wish in self.running().items()})

    def _tell_stage(self, wanted: Mapping[str, Wish], stage: Stage, new: Fleet) -> None:
        """Show where a rollout is in DescribeEndpoint, and say it on the bus."""
        assert self.fleet is not None  # noqa: S101 -- what is rolled out replaces a fleet
        now = self._twin.clock.now()
        variants = [
            variant.summary() | wanted[variant.name].desired() | stage.of(variant, now) for variant in new.variants
        ]
        pending = {"EndpointConfigName": new.config_name, "ProductionVariants": variants, "StartTime": self._started}
        if new.shadows:
            pending["ShadowProductionVariants"] = _shown(new.shadows, wanted)
        self._twin.store.update(self.resource, PendingDeploymentSummary=pending, **_summaries(self.fleet))
        self._emit(DEPLOYMENT_EVENT, PendingDeploymentSummary=pending)

    def _tell(self, **attributes: Any) -> None:
        self._twin.store.update(self.resource, **attributes)
        self._emit(EVENT)

    def _emit(self, event: str, **more: Any) -> None:
        now = self.resource.attributes
        detail = {name: now[name] for name in EVENT_MEMBERS if now.get(name) is not None}
        detail |= {"EndpointStatus": EVENT_STATUS[now["EndpointStatus"]], "Tags": self.resource.tags, **more}
        try:
            self._twin.emit(
                source="aws.sagemaker",
                detail_type=event,
                detail=detail,
                resources=[self.resource.arn],
                account=self.resource.account,
                region=self.resource.region,
            )
        except Exception:  # an endpoint does not fail because nobody could be told
            logger.exception("the event of %s could not be sent", self.resource.arn)


def _summaries(fleet: Fleet, wanted: Mapping[str, Wish] | None = None) -> dict[str, Any]:
    """Return the variants as DescribeEndpoint shows them, on their way to what is wanted."""
    return {
        "ProductionVariants": _shown(fleet.variants, wanted),
        "ShadowProductionVariants": _shown(fleet.shadows, wanted) or None,
    }


def _shown(variants: Sequence[VariantFleet], wanted: Mapping[str, Wish] | None) -> list[dict[str, Any]]:
    return [variant.summary() | (wanted[variant.name].desired() if wanted is not None else {}) for variant in variants]
