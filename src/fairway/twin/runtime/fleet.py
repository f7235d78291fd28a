"""The endpoints of a twin: created, updated, deleted and invoked."""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime import modes
from fairway.twin.runtime.async_orders import Order, order_of
from fairway.twin.runtime.capture import DataCapture
from fairway.twin.runtime.endpoint import Endpoint
from fairway.twin.runtime.failures import CallerError
from fairway.twin.runtime.images import Images
from fairway.twin.runtime.instances import Answer
from fairway.twin.runtime.invocations import Invoker, Sent
from fairway.twin.runtime.metrics import EndpointMetrics
from fairway.twin.runtime.rollout_plan import Deployment
from fairway.twin.runtime.rollout_rules import missing_alarms, violations
from fairway.twin.runtime.routing import Fleet
from fairway.twin.runtime.shadow import Mirror
from fairway.twin.runtime.support import refusal, unsupported_endpoint_config, unsupported_model
from fairway.twin.runtime.variants import VariantFleet
from fairway.twin.runtime.wishes import change_violations, instances_of, wishes

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin

logger = logging.getLogger(__name__)


class EndpointEngine:
    """Runs the endpoints of this twin."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._images = Images(twin)
        self._metrics = EndpointMetrics(twin)
        self._capture = DataCapture(twin.clock)
        self.invoker = Invoker(twin.clock, self._metrics)
        self.invoker.observers += [self._capture, Mirror(self.invoker)]
        self._endpoints: dict[str, Endpoint] = {}

    def create(self, resource: "Resource") -> None:
        """Bring up a stored endpoint; return at once. Forget it, and raise ServiceError, if the twin cannot."""
        try:
            config = self._config(resource, resource.attributes["EndpointConfigName"])
            deployment = resource.attributes.get("LastDeploymentConfig", {})
            _refuse(modes.deployment_violations(deployment, config.attributes))
            _refuse(violations(deployment, instances_of(wishes(config, {}))))
        except Exception:
            self._twin.store.remove(resource)
            raise
        retired = partial(self._capture.flush, resource)
        endpoint = Endpoint(self._twin, self._images, resource, self.invoker, retired)
        self._endpoints[resource.arn] = endpoint
        self._in_thread(endpoint, endpoint.create, config)

    def update(self, resource: "Resource", config_name: str, deployment: Deployment, **attributes: Any) -> None:
        """Roll an endpoint over to another configuration; return at once. Raise ServiceError as SageMaker does.

        `attributes` are what the request wants to be remembered.
        """
        from fairway.twin import base_alarms  # noqa: PLC0415 -- loads ministack, which the rest does not need

        endpoint = self._endpoints[resource.arn]
        config = self._config(resource, config_name)
        if endpoint.fleet is not None:
            converted = modes.conversion(endpoint.fleet.config, config.attributes)
            _refuse([converted] if converted else [])
        _refuse(modes.deployment_violations(deployment, config.attributes))
        _refuse(violations(deployment, instances_of(endpoint.wishes(config, attributes))))
        _refuse(missing_alarms(deployment, partial(base_alarms.exists, resource.account, resource.region)))
        self._twin.store.update(resource, EndpointStatus="Updating", **attributes)
        self._in_thread(endpoint, endpoint.update, config, deployment)

    def adjust(self, resource: "Resource", changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Give running variants other members of their Wish; return at once. Raise ServiceError as SageMaker does."""
        from fairway.twin.api import ValidationError  # noqa: PLC0415 -- loads ministack, which the rest does not need

        endpoint = self._endpoints[resource.arn]
        with self._twin.store.locked():
            if resource.attributes["EndpointStatus"] != "InService":
                raise ValidationError(f'Cannot update in-progress endpoint "{resource.arn}".')
            running = endpoint.running()
            unknown = [name for name in changes if name not in running]
            if unknown:
                config = resource.attributes["EndpointConfigName"]
                message = f'The variant name(s) "{", ".join(unknown)}" is/are not present within endpoint configuration'
                raise ValidationError(f'{message} "{config}".')
            asynchronous = endpoint.fleet is not None and endpoint.fleet.asynchronous is not None
            _refuse(change_violations(changes, running, asynchronous=asynchronous))
            self._twin.store.update(resource, EndpointStatus="Updating")
        wanted = {name: wish.changed(changes.get(name, {})) for name, wish in running.items()}
        self._in_thread(endpoint, endpoint.adjust, wanted)

    def delete(self, resource: "Resource") -> None:
        """End an endpoint; return at once."""
        endpoint = self._endpoints.pop(resource.arn, None)
        if endpoint is not None:  # else somebody has asked for it before
            self._in_thread(endpoint, endpoint.delete)

    def close(self) -> None:
        """End all containers, because the twin ends."""
        for endpoint in list(self._endpoints.values()):
            endpoint.close()
        self._capture.close()
        self._metrics.close()

    def invoke(self, resource: "Resource", sent: Sent) -> tuple[VariantFleet, Answer]:
        """Send a request to an instance; return the variant that served and its answer, or raise ServiceError."""
        endpoint, fleet = self._serving(resource)
        if fleet.asynchronous is not None:
            raise _invalid(f"Endpoint {resource.name} takes asynchronous requests only: use InvokeEndpointAsync.")
        return self.invoker.invoke(resource, endpoint.router, sent)

    def enqueue(self, resource: "Resource", params: Mapping[str, Any]) -> Order:
        """Take an asynchronous request; return it with its places, or raise ServiceError."""
        endpoint, fleet = self._serving(resource)
        if fleet.asynchronous is None or endpoint.backlog is None:
            raise _invalid(f"Endpoint {resource.name} is not enabled for asynchronous inference: use InvokeEndpoint.")
        if bool(params.get("Body")) == ("InputLocation" in params):
            raise _invalid("Provide exactly one of Body and InputLocation.")
        clock = self._twin.clock
        try:
            order = order_of(
                params, fleet.asynchronous, received=clock.now(), queued=time.monotonic(), speed=clock.speed
            )
        except CallerError as error:
            raise _invalid(str(error)) from error
        endpoint.backlog.put(order)
        return order

    def _serving(self, resource: "Resource") -> tuple[Endpoint, Fleet]:
        endpoint = self._endpoints.get(resource.arn)
        if endpoint is None or endpoint.fleet is None:
            raise _invalid(f"Endpoint {resource.name} of account {resource.account} not found.")
        return endpoint, endpoint.fleet

    def _config(self, resource: "Resource", name: str) -> "Resource":
        config = self._twin.store.get("EndpointConfig", resource.account, resource.region, name)
        if config is None:
            raise refusal(f"an endpoint configuration {name!r}")
        what = unsupported_endpoint_config(config.attributes)
        shadows = config.attributes.get("ShadowProductionVariants") or ()
        for variant in (*config.attributes["ProductionVariants"], *shadows):
            model = self._twin.store.get("Model", resource.account, resource.region, variant.get("ModelName", ""))
            what = what or (unsupported_model(model.attributes) if model else None)
        if what is not None:
            raise refusal(what)
        return config

    def _in_thread(self, endpoint: Endpoint, act: Any, *arguments: Any) -> None:
        def run() -> None:
            try:
                act(*arguments)
            except Exception:
                logger.exception("%s failed inside the twin", endpoint.resource.arn)
                reason = "We encountered an internal error. Please try again."
                self._twin.store.update(endpoint.resource, EndpointStatus="Failed", FailureReason=reason)

        threading.Thread(target=run, name=endpoint.resource.arn, daemon=True).start()


def _invalid(message: str) -> Exception:
    """Return the ServiceError that sagemaker-runtime answers to a request that it does not take."""
    from fairway.twin.api import ServiceError  # noqa: PLC0415 -- loads ministack, which the rest does not need

    return ServiceError("ValidationError", message)


def _refuse(broken: Iterable[str]) -> None:
    """Raise ServiceError if a rule is broken, with a sentence for each."""
    from fairway.twin.api import ValidationError  # noqa: PLC0415 -- loads ministack, which the rest does not need

    sentences = list(broken)
    if sentences:
        raise ValidationError(" ".join(sentences))
