"""One asynchronous request at work: read from S3, answered by an instance, written to S3, told to a topic."""

import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fairway.twin.runtime.async_orders import Order, Outcome, Status, notification, topic_of
from fairway.twin.runtime.deployment import LOG_GROUP
from fairway.twin.runtime.failures import sentence
from fairway.twin.runtime.instances import Answer, Instance, LostError, NoAnswerError
from fairway.twin.runtime.invocations import INVOCATIONS, Exchange, Invoker, said_of
from fairway.twin.runtime.loopback import NotReachedError
from fairway.twin.runtime.metrics import Invocation, Source, rounded

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.channels import Location
    from fairway.twin.runtime.containers import Session
    from fairway.twin.runtime.logs import LogStream
    from fairway.twin.runtime.variants import VariantFleet

logger = logging.getLogger(__name__)

# SageMaker's limit of what a request reads.
INPUT_BYTES = 1 << 30
# How often a request is asked of which an instance has died; ours.
TRIES = 3
# How long it is waited for the end of an instance that has broken a connection.
END_SECONDS = 1.0


class AsyncWork:
    """What the workers of one endpoint do, each as the role of the model that it asks."""

    def __init__(self, twin: "Twin", resource: "Resource", invoker: Invoker) -> None:
        self._twin = twin
        self._resource = resource
        self._invoker = invoker
        self._clients: dict[tuple[str, str], Any] = {}
        self._logs: dict[str, LogStream] = {}
        self._lock = threading.Lock()

    def run(self, order: Order, variant: "VariantFleet", instance: Instance) -> bool:
        """Take a request to its end; return False, having told nobody, if another instance must be asked."""
        began = time.monotonic()
        self._measure(variant, TimeInBacklog=rounded((began - order.queued) * 1e6))
        try:
            body = self._read(order, variant)
        except (ClientError, BotoCoreError, ValueError) as error:
            reason = f"ClientError: Failed to download the request from {order.source and order.source.uri}: "
            self._fail(order, variant, instance, Outcome("Failed", reason + sentence(error)), RequestDownloadFailures=1)
            return True
        answer = self._ask(order, variant, instance, body)
        if answer is None:
            return False
        if isinstance(answer, Answer) and 200 <= answer.status < 300:
            self._complete(order, variant, instance, answer)
            return True
        self._refused(order, variant, instance, answer)
        return True

    def _refused(self, order: Order, variant: "VariantFleet", instance: Instance, answer: "Answer | Exception") -> None:
        status, message = said_of(answer)
        error = f"Received {'client' if 400 <= status < 500 else 'server'} error ({status})"
        self._note(variant, instance, order, f'{error} from primary with message "{message}"')
        advice = "See the SageMaker Endpoint logs in your account for more information."
        content = answer.body if isinstance(answer, Answer) else message.encode()
        ended: Status = "Expired" if isinstance(answer, TimeoutError) else "Failed"
        self._fail(
            order,
            variant,
            instance,
            Outcome(ended, f"ClientError: {error} from model. {advice}", content, type_of(answer)),
        )

    def expire(self, order: Order, variant: "VariantFleet | None") -> None:
        """End a request that has waited too long; without a variant there is no role that could tell it."""
        if variant is not None:
            reason = "ClientError: The request was not processed within RequestTTLSeconds."
            self._fail(order, variant, None, Outcome("Expired", reason), ExpiredRequests=1)

    def close(self) -> None:
        """Send the last lines of the logs."""
        for log in self._logs.values():
            log.close()

    # -- the steps ----------------------------------------------------------------------------------------------------

    def _read(self, order: Order, variant: "VariantFleet") -> bytes:
        if order.source is None:
            return order.sent.body
        begin = time.perf_counter()
        found = self._client(variant, "s3").get_object(Bucket=order.source.bucket, Key=order.source.key)
        if found["ContentLength"] > INPUT_BYTES:
            raise ValueError(f"it has {found['ContentLength']} bytes, and {INPUT_BYTES} are the most.")
        body: bytes = found["Body"].read()
        self._measure(variant, RequestDownloadLatency=_since(begin))
        return body

    def _ask(
        self, order: Order, variant: "VariantFleet", instance: Instance, body: bytes
    ) -> "Answer | Exception | None":
        """Return what the instance answers, or what came instead; None if it was lost and another may answer."""
        begin, began, ends = time.perf_counter(), self._twin.clock.now(), instance.ends
        answer: Answer | Exception
        try:
            answer = instance.invoke(INVOCATIONS, body, order.sent.headers(), order.timeout)
        except NotReachedError:
            return None
        except (NoAnswerError, LostError) as error:
            if order.tries + 1 < TRIES and instance.has_ended(ends, END_SECONDS):
                return None
            answer = error
        except TimeoutError as error:
            answer = error
        seconds = time.perf_counter() - begin
        answered = answer if isinstance(answer, Answer) else None
        values = Invocation(answered.status if answered else None, seconds * 1e6, 0.0).values()
        wanted = ("ModelLatency", "Invocation4XXErrors", "Invocation5XXErrors")
        self._measure(variant, **{name: values[name] for name in wanted})
        self._invoker.tell(Exchange(self._resource, variant, order.sent, answered, began, seconds))
        return answer

    def _complete(self, order: Order, variant: "VariantFleet", instance: Instance, answer: Answer) -> None:
        begin = time.perf_counter()
        try:
            self._write(order, variant, order.output, answer.body, type_of(answer))
        except (ClientError, BotoCoreError) as error:
            reason = f"ClientError: Failed to upload the response to {order.output.uri}: {sentence(error)}"
            self._fail(order, variant, instance, Outcome("Failed", reason), ResponseUploadFailures=1)
            return
        self._measure(variant, ResponseUploadLatency=_since(begin))
        self._finish(order, variant, Outcome("Completed", "", answer.body, type_of(answer)))

    def _fail(
        self, order: Order, variant: "VariantFleet", instance: Instance | None, outcome: Outcome, **failures: float
    ) -> None:
        """Write why to where failures are written, the container's own words if it has said any."""
        self._measure(variant, InvocationFailures=1, **failures)
        if failures and instance is not None:
            self._note(variant, instance, order, outcome.reason)
        place = order.failure
        if place is not None:
            body = outcome.body if outcome.body is not None else outcome.reason.encode()
            try:
                self._write(order, variant, place, body, outcome.content_type)
            except (ClientError, BotoCoreError) as error:
                logger.warning("the failure of %s could not be written: %s", order.identity, sentence(error))
                place = None
        self._finish(order, variant, Outcome(outcome.status, outcome.reason, outcome.body, outcome.content_type, place))

    def _finish(self, order: Order, variant: "VariantFleet", outcome: Outcome) -> None:
        topic, region = topic_of(order, outcome), self._resource.region
        if topic is not None:
            now = self._twin.clock.now()
            message = notification(order, outcome, endpoint=self._resource.name, region=region, now=now)
            try:
                self._client(variant, "sns").publish(TopicArn=topic, Message=json.dumps(message))
            except (ClientError, BotoCoreError) as error:
                logger.warning("%s could not be told of %s: %s", topic, order.identity, sentence(error))
                self._measure(variant, NotificationFailures=1)
        spent = rounded((time.monotonic() - order.queued) * 1e3)
        self._measure(variant, InvocationsProcessed=1, TotalProcessingTime=spent)

    # -- as the role --------------------------------------------------------------------------------------------------

    def _write(self, order: Order, variant: "VariantFleet", place: "Location", body: bytes, content_type: str) -> None:
        key = order.config.get("KmsKeyId")
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        s3 = self._client(variant, "s3")
        s3.put_object(Bucket=place.bucket, Key=place.key, Body=body, ContentType=content_type, **extra)

    def _session(self, variant: "VariantFleet") -> "Session":
        assert variant.session is not None  # noqa: S101 -- FleetMaker opens one for each
        return variant.session

    def _client(self, variant: "VariantFleet", service: str) -> Any:
        session = self._session(variant)
        key = (session.credentials.access_key, service)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = session.client(service)
            return self._clients[key]

    def _note(self, variant: "VariantFleet", instance: Instance, order: Order, text: str) -> None:
        """Write a line of the platform's own log, which names the request."""
        stream = f"{variant.name}/{instance.identity}/data-log"
        with self._lock:
            if stream not in self._logs:
                self._logs[stream] = self._session(variant).logs(f"{LOG_GROUP}/{self._resource.name}", stream)
            log = self._logs[stream]
        moment = self._twin.clock.now().isoformat(timespec="milliseconds").removesuffix("+00:00")
        log.write(f"{moment}:[sagemaker logs] [{order.identity}] {text}")

    def _measure(self, variant: "VariantFleet", **values: float) -> None:
        resource = self._resource
        source = Source(resource.account, resource.region, resource.name, variant.name, variant.config_name)
        self._invoker.metrics.record(source, values)


def type_of(answer: "Answer | Exception") -> str:
    """Return the type of what was answered."""
    if isinstance(answer, Answer):
        return answer.headers.get("content-type", "application/octet-stream")
    return "text/plain"


def _since(begin: float) -> float:
    return rounded((time.perf_counter() - begin) * 1e6)
