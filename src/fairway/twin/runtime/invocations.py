"""One request to an endpoint: sent to an instance, measured, told to observers, and answered as SageMaker does."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.deployment import LOG_GROUP
from fairway.twin.runtime.instances import Answer, Instance, LostError, NoAnswerError
from fairway.twin.runtime.loopback import NotReachedError
from fairway.twin.runtime.metrics import EndpointMetrics, Invocation, Source
from fairway.twin.runtime.routing import NoVariantError, Router
from fairway.twin.runtime.variants import CapacityError, VariantFleet

if TYPE_CHECKING:
    from datetime import datetime

    from fairway.twin.clock import Clock
    from fairway.twin.context import Resource

logger = logging.getLogger(__name__)

INVOCATIONS = "/invocations"
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)
CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
INFERENCE_ID = "x-amzn-sagemaker-inference-id"


@dataclass(frozen=True)
class Sent:
    """A request as InvokeEndpoint takes it."""

    body: bytes
    content_type: str = "application/octet-stream"
    accept: str = "*/*"
    target: str | None = None  # the variant that it names
    inference_id: str | None = None
    custom_attributes: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers that reach the container."""
        given = {CUSTOM_ATTRIBUTES: self.custom_attributes, INFERENCE_ID: self.inference_id}
        present = {name: value for name, value in given.items() if value is not None}
        return {"Content-Type": self.content_type, "Accept": self.accept, **present}


@dataclass(frozen=True)
class Exchange:
    """A request that a container was asked, and what came of it; `answer` is None if no HTTP answer came."""

    endpoint: "Resource"
    variant: VariantFleet  # with `name` and `config_name`
    sent: Sent
    answer: Answer | None
    began: "datetime"
    seconds: float  # that the container took


# Called in the thread of the request after its answer is there: who has much to do leaves it to a thread of its own.
Observer = Callable[[Exchange], None]


class Invoker:
    """Sends requests to the instances that routers name. `observers` are told each exchange with a container."""

    def __init__(self, clock: "Clock", metrics: EndpointMetrics) -> None:
        self.observers: list[Observer] = []
        self._clock = clock
        self.metrics = metrics

    def invoke(self, resource: "Resource", router: Router, sent: Sent) -> tuple[VariantFleet, Answer]:
        """Return the variant that served and its answer, or raise ServiceError."""
        begin, began = time.perf_counter(), self._clock.now()
        try:
            served, instance, answer, latency = _send(router, sent)
        except CapacityError as error:
            from fairway.twin.api import ServiceError  # noqa: PLC0415 -- loads ministack, which the rest does not need

            raise ServiceError(error.code, str(error), error.status) from error
        except NoVariantError as error:
            raise _nobody(resource, sent.target, named=bool(error.args and error.args[0] is not None)) from error
        overhead = time.perf_counter() - begin - latency
        answered = answer if isinstance(answer, Answer) else None
        source = Source(resource.account, resource.region, resource.name, served.name, served.config_name)
        status = answered.status if answered else None
        invocation = Invocation(status, latency * 1e6, overhead * 1e6)
        self.metrics.record(source, served.measures(instance, invocation.values()))
        self.tell(Exchange(resource, served, sent, answered, began, latency))
        if answered is not None and 200 <= answered.status < 300:
            return served, answered
        raise model_error(resource, answer)

    def tell(self, exchange: Exchange) -> None:
        """Let the observers see an exchange."""
        for observe in self.observers:
            try:
                observe(exchange)
            except Exception:  # a request does not fail because of who watches it
                logger.exception("an observer of %s failed", exchange.endpoint.arn)


def _send(router: Router, sent: Sent) -> "tuple[VariantFleet, Instance, Answer | Exception, float]":
    """Return the variant and the instance that served, its answer or what came instead, and the seconds it took."""
    avoid: list[Instance] = []
    while True:
        with router.request(sent.target, avoid) as (variant, instance):
            _check_size(sent, variant)
            begin = time.perf_counter()
            try:
                variant.make_ready(instance)
                begin = time.perf_counter()
                answer: Answer | Exception = instance.invoke(INVOCATIONS, sent.body, sent.headers())
            except NotReachedError:
                avoid.append(instance)  # it died in this moment; the request did not reach it
                continue
            except (TimeoutError, NoAnswerError, LostError) as error:
                answer = error
            return variant, instance, answer, time.perf_counter() - begin


def _check_size(sent: Sent, variant: VariantFleet) -> None:
    if len(sent.body) > variant.body_limit:
        raise CapacityError(
            "ValidationError",
            "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less "
            f"than or equal to {variant.body_limit}",
        )


def _nobody(resource: "Resource", target: str | None, *, named: bool) -> Exception:
    from fairway.twin.api import ServiceError  # noqa: PLC0415 -- loads ministack, which the rest does not need

    if named:
        return ServiceError("ValidationError", f"Variant {target} not found for endpoint {resource.name}.")
    return ServiceError("ServiceUnavailable", "No instance of the endpoint can take the request.", 503)


def model_error(resource: "Resource", answer: "Answer | Exception") -> Any:
    """Return SageMaker's ModelError, with the container's own status and message."""
    from fairway.twin.api import ServiceError  # noqa: PLC0415 -- loads ministack, which the rest does not need

    group, region = f"{LOG_GROUP}/{resource.name}", resource.region
    status, message = said_of(answer)
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


def said_of(answer: "Answer | Exception") -> tuple[int, str]:
    """Return the status and the message of an answer that is an error; 0 if none came."""
    if isinstance(answer, Answer):
        return answer.status, answer.body.decode(errors="replace")
    if isinstance(answer, TimeoutError):
        return 0, TIMED_OUT
    if isinstance(answer, LostError):
        return 0, str(answer)
    return 0, f"The container closed the connection without an answer. {answer}".strip()
