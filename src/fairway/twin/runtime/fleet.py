"""The endpoints of a twin: created, updated, deleted and invoked."""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.deployment import LOG_GROUP, instances_of, wishes
from fairway.twin.runtime.endpoint import Endpoint
from fairway.twin.runtime.images import Images
from fairway.twin.runtime.instances import Answer, Instance, NoAnswerError, NotReachedError
from fairway.twin.runtime.metrics import EndpointMetrics, Invocation, Source
from fairway.twin.runtime.rollout_plan import Deployment
from fairway.twin.runtime.rollout_rules import missing_alarms, violations
from fairway.twin.runtime.routing import NoVariantError, VariantFleet
from fairway.twin.runtime.support import refusal, unsupported_endpoint_config, unsupported_model

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin

logger = logging.getLogger(__name__)

INVOCATIONS = "/invocations"
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)
CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


class EndpointEngine:
    """Runs the endpoints of this twin."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._images = Images(twin)
        self._metrics = EndpointMetrics(twin)
        self._endpoints: dict[str, Endpoint] = {}

    def create(self, resource: "Resource") -> None:
        """Bring up a stored endpoint; return at once. Forget it, and raise ServiceError, if the twin cannot."""
        try:
            config = self._config(resource, resource.attributes["EndpointConfigName"])
            deployment = resource.attributes.get("LastDeploymentConfig", {})
            _refuse(violations(deployment, instances_of(wishes(config, {}))))
        except Exception:
            self._twin.store.remove(resource)
            raise
        endpoint = self._endpoints[resource.arn] = Endpoint(self._twin, self._images, resource)
        self._in_thread(endpoint, endpoint.create, config)

    def update(self, resource: "Resource", config_name: str, deployment: Deployment, **attributes: Any) -> None:
        """Roll an endpoint over to another configuration; return at once. Raise ServiceError as SageMaker does.

        `attributes` are what the request wants to be remembered.
        """
        from fairway.twin import base_alarms  # noqa: PLC0415 -- loads ministack, which the rest does not need

        endpoint = self._endpoints[resource.arn]
        config = self._config(resource, config_name)
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
            self._twin.store.update(resource, EndpointStatus="Updating")
        wanted = {name: replace(wish, **changes.get(name, {})) for name, wish in running.items()}
        self._in_thread(endpoint, endpoint.adjust, wanted)

    def scale(self, resource: "Resource", variant: str, count: int) -> None:
        """Give a running variant another number of instances; return at once. Raise ServiceError as SageMaker does."""
        self.adjust(resource, {variant: {"instances": count}})

    def delete(self, resource: "Resource") -> None:
        """End an endpoint; return at once."""
        endpoint = self._endpoints.pop(resource.arn, None)
        if endpoint is not None:  # else somebody has asked for it before
            self._in_thread(endpoint, endpoint.delete)

    def close(self) -> None:
        """End all containers, because the twin ends."""
        for endpoint in list(self._endpoints.values()):
            endpoint.close()
        self._metrics.close()

    def invoke(  # noqa: PLR0917 -- the contract between operations and engines
        self,
        resource: "Resource",
        variant: str | None,
        body: bytes,
        content_type: str,
        accept: str,
        headers: Mapping[str, str],
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request to an instance; return 200, the headers and the body of its answer, or raise ServiceError."""
        from fairway.twin.api import ServiceError  # noqa: PLC0415 -- loads ministack, which the rest does not need

        endpoint = self._endpoints.get(resource.arn)
        if endpoint is None or endpoint.fleet is None:
            raise ServiceError("ValidationError", f"Endpoint {resource.name} of account {resource.account} not found.")
        sent = {"Content-Type": content_type, "Accept": accept, **headers}
        begin = time.perf_counter()
        try:
            served, answer, latency = self._send(endpoint, variant, body, sent)
        except NoVariantError as error:
            if error.args and error.args[0] is not None:
                message = f"Variant {variant} not found for endpoint {resource.name}."
                raise ServiceError("ValidationError", message) from error
            message = "No instance of the endpoint can take the request."
            raise ServiceError("ServiceUnavailable", message, 503) from error
        overhead = time.perf_counter() - begin - latency
        source = Source(resource.account, resource.region, resource.name, served.name, served.config_name)
        status = answer.status if isinstance(answer, Answer) else None
        invocation = Invocation(status, latency * 1e6, overhead * 1e6, len(served.instances))
        self._metrics.record(source, invocation)
        if isinstance(answer, Answer) and 200 <= answer.status < 300:
            return 200, _headers_of(answer, served.name), answer.body
        raise _model_error(resource, answer)

    def _send(
        self, endpoint: Endpoint, target: str | None, body: bytes, headers: Mapping[str, str]
    ) -> "tuple[VariantFleet, Answer | Exception, float]":
        """Return the variant that served, its answer or what came instead, and the seconds it took."""
        avoid: list[Instance] = []
        while True:
            with endpoint.router.request(target, avoid) as (variant, instance):
                begin = time.perf_counter()
                try:
                    answer: Answer | Exception = instance.invoke(INVOCATIONS, body, headers)
                except NotReachedError:
                    avoid.append(instance)  # it died in this moment; the request did not reach it
                    continue
                except (TimeoutError, NoAnswerError) as error:
                    answer = error
                return variant, answer, time.perf_counter() - begin

    def _config(self, resource: "Resource", name: str) -> "Resource":
        config = self._twin.store.get("EndpointConfig", resource.account, resource.region, name)
        if config is None:
            raise refusal(f"an endpoint configuration {name!r}")
        what = unsupported_endpoint_config(config.attributes)
        for variant in config.attributes["ProductionVariants"]:
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


def _refuse(broken: Iterable[str]) -> None:
    """Raise ServiceError if a rule is broken, with a sentence for each."""
    from fairway.twin.api import ValidationError  # noqa: PLC0415 -- loads ministack, which the rest does not need

    sentences = list(broken)
    if sentences:
        raise ValidationError(" ".join(sentences))


def _headers_of(answer: Answer, variant: str) -> dict[str, str]:
    headers = {
        "Content-Type": answer.headers.get("content-type", "application/octet-stream"),
        "x-Amzn-Invoked-Production-Variant": variant,
    }
    if CUSTOM_ATTRIBUTES in answer.headers:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = answer.headers[CUSTOM_ATTRIBUTES]
    return headers


def _model_error(resource: "Resource", answer: "Answer | Exception") -> Exception:
    """Return SageMaker's ModelError, with the container's own status and message."""
    from fairway.twin.api import ServiceError  # noqa: PLC0415 -- loads ministack, which the rest does not need

    group, region = f"{LOG_GROUP}/{resource.name}", resource.region
    if isinstance(answer, Answer):
        status, message = answer.status, answer.body.decode(errors="replace")
    elif isinstance(answer, TimeoutError):
        status, message = 0, TIMED_OUT
    else:
        status, message = 0, f"The container closed the connection without an answer. {answer}".strip()
    kind = "client" if 400 <= status < 500 else "server"
    return ServiceError(
        "ModelError",
        f'Received {kind} error ({status}) from primary with message "{message}". See '
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group} "
        f"in account {resource.account} for more information.",
        424,
        OriginalStatusCode=status,
        OriginalMessage=message,
        LogStreamArn=f"arn:aws:logs:{region}:{resource.account}:log-group:{group}",
    )
