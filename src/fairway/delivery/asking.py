"""Ask an endpoint, in whatever mode it answers: at once, or by way of the artifact store."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fairway.errors import AnswerFailedError, AnswerMissingError

Mode = Literal["real_time", "serverless", "asynchronous"]

CURRENT, CHALLENGER = "current", "challenger"
"""The names of an endpoint's variants, as the module model-endpoint gives them."""

WAIT_SECONDS = 1200.0
"""How long an asynchronous answer is waited for: instances that are woken take minutes to start."""

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Reply:
    """What an endpoint answered; an asynchronous one has no headers."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def release(self) -> str | None:
        """The release that the container says it is; None where it says none."""
        return release_in(self.headers.get("x-amzn-sagemaker-custom-attributes", ""))


def release_in(attributes: str) -> str | None:
    """Return the release among the attributes `release=<release>,git_sha=<commit>,…` of a container, or None."""
    return dict(part.partition("=")[::2] for part in attributes.split(",")).get("release")


def mode_of(config: Mapping[str, Any]) -> Mode:
    """Return how an endpoint answers, by its configuration as DescribeEndpointConfig tells it."""
    if config.get("AsyncInferenceConfig"):
        return "asynchronous"
    serverless = any(variant.get("ServerlessConfig") for variant in config["ProductionVariants"])
    return "serverless" if serverless else "real_time"


def config_of(sagemaker: Any, endpoint: str) -> Mapping[str, Any]:
    """Return the configuration that an endpoint runs."""
    name = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    return dict(sagemaker.describe_endpoint_config(EndpointConfigName=name))


def ask(runtime: Any, endpoint: str, body: bytes, content_type: str, variant: str | None = None) -> Reply:
    """Ask an endpoint that answers at once; one of several variants where it is named."""
    target: Any = {"TargetVariant": variant} if variant else {}
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, ContentType=content_type, Accept="application/json", Body=body, **target
    )
    return Reply(answer["Body"].read(), answer["ResponseMetadata"]["HTTPHeaders"])


def ask_later(
    runtime: Any,
    s3: Any,
    endpoint: str,
    body: bytes,
    *,
    folder: str,
    content_type: str,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Reply:
    """Ask an asynchronous endpoint: put the request below `folder` (s3://…), and wait for the object that answers.

    Raises `AnswerFailedError` with what the model said, `AnswerMissingError` when nothing came.
    """
    bucket, key = split(f"{folder}/asynchronous/input/{uuid.uuid4()}")
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
    told = runtime.invoke_endpoint_async(
        EndpointName=endpoint, ContentType=content_type, Accept="application/json", InputLocation=f"s3://{bucket}/{key}"
    )
    failure = told.get("FailureLocation")
    deadline = clock() + WAIT_SECONDS
    while True:
        if (answer := _read(s3, told["OutputLocation"])) is not None:
            return Reply(answer, {})
        if failure and (reason := _read(s3, failure)) is not None:
            raise AnswerFailedError(endpoint, failure, reason.decode(errors="replace"))
        if clock() > deadline:
            raise AnswerMissingError(endpoint, told["OutputLocation"], WAIT_SECONDS)
        sleep(POLL_SECONDS)


def split(url: str) -> tuple[str, str]:
    """Return the bucket and the key of an address in S3."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def _read(s3: Any, url: str) -> bytes | None:
    """Return an object that is listed: to read one that is not there is forbidden to who may not list the bucket."""
    bucket, key = split(url)
    found = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) if found else None
