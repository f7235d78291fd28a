"""Which way to serve suits what is needed: a decision table of SageMaker's options, instances, scaling and rollouts.

The limits are SageMaker's own; docs/modes.md has the table in words. Pure: nothing is asked but what is told.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

from fairway.delivery import advice_text as text
from fairway.errors import NeedsError

Traffic = Literal["steady", "daily", "spiky", "intermittent", "files"]
Accelerator = Literal["none", "gpu", "neuron"]
Budget = Literal["lean", "balanced", "ample"]
Option = Literal["real_time", "serverless", "asynchronous", "batch"]

REAL_TIME_MB, SERVERLESS_MB, ASYNCHRONOUS_MB = 6, 4, 1024
REAL_TIME_SECONDS, ASYNCHRONOUS_SECONDS = 60, 3600
SERVERLESS_CONCURRENCY, SERVERLESS_GB = 200, 6
COLD_START_MS = 5000
"""What a first request may cost a serverless endpoint: who cannot wait for that keeps it warm."""
BUSY = 0.7
"""How busy an instance is planned to be: what is above it waits in line."""
VCPUS = 2  # of a `large`


@dataclass(frozen=True)
class Needs:
    """What is needed: milliseconds until an answer (0: no hurry), traffic and its peak, MB of a request, and the model.

    `work_ms` is how long the model works on one request, on one core or one accelerator, and `memory_gb` what it takes.
    """

    traffic: Traffic
    latency_ms: int = 1000
    requests_per_minute: int = 60
    payload_mb: float = 0.1
    work_ms: int = 10
    memory_gb: float = 1.0
    accelerator: Accelerator = "none"
    budget: Budget = "balanced"

    def __post_init__(self) -> None:
        """Refuse what no deployment can be."""
        for name, allowed in (("traffic", Traffic), ("accelerator", Accelerator), ("budget", Budget)):
            if getattr(self, name) not in get_args(allowed):
                raise NeedsError(name, getattr(self, name), f"one of {', '.join(get_args(allowed))}")
        if not 0 < self.payload_mb <= ASYNCHRONOUS_MB and self.traffic != "files":
            raise NeedsError("payload_mb", self.payload_mb, f"more than 0 and up to {ASYNCHRONOUS_MB}")
        if not 0 < self.work_ms <= ASYNCHRONOUS_SECONDS * 1000:
            raise NeedsError("work_ms", self.work_ms, f"1 to {ASYNCHRONOUS_SECONDS * 1000}")
        for name in ("latency_ms", "requests_per_minute"):
            if getattr(self, name) < 0:
                raise NeedsError(name, getattr(self, name), "0 or more")
        if not 0 < self.memory_gb < math.inf:
            raise NeedsError("memory_gb", self.memory_gb, "more than 0")
        if 0 < self.latency_ms < self.work_ms:
            raise NeedsError("latency_ms", self.latency_ms, f"at least the {self.work_ms} ms that the model works")

    @property
    def at_a_time(self) -> float:
        """How many requests are being answered at the peak (Little's law)."""
        return self.requests_per_minute / 60 * self.work_ms / 1000


@dataclass(frozen=True)
class Advice:
    """What is advised: how to serve, on what, how it scales and rolls out, why, and the HCL that says so."""

    option: Option
    instance: str
    scaling: str
    rollout: str
    reasons: tuple[str, ...] = field(default=())
    hcl: str = ""


def advise(needs: Needs) -> Advice:
    """Return the advice for what is needed."""
    option, why = choose_option(needs)
    if option == "serverless":
        return _serverless(needs, why)
    instance, family_why = choose_instance(needs, transform=option == "batch")
    if option == "batch":
        count = 1 if needs.budget == "lean" else 2
        return Advice(
            option, instance, "by the job", "none", (why, family_why), text.batch_hcl(instance, built_for(needs), count)
        )
    scaling, fewest, most, scaling_why = choose_scaling(needs, option)
    start = max(1, fewest) if option == "asynchronous" else most
    rollout, rollout_why = choose_rollout(needs, start)
    hcl = text.endpoint_hcl(
        text.mode_line(option, needs.payload_mb), instance, built_for(needs),
        text.scaling_lines(scaling, fewest, most, per_minute(needs)),
        text.rollout_lines(rollout, patience_ms(needs, option), silent=needs.traffic in ("intermittent", "daily")),
    )  # fmt: skip
    if option == "asynchronous" and needs.latency_ms:
        why += f" An answer within {needs.latency_ms} ms is not promised: requests wait in a queue."
    return Advice(option, instance, scaling, rollout, (why, family_why, scaling_why, rollout_why), hcl)


def _serverless(needs: Needs, why: str) -> Advice:
    memory = memory_mb(needs)
    warm = math.ceil(needs.at_a_time) or 1 if 0 < needs.latency_ms < COLD_START_MS else 0
    concurrency = min(SERVERLESS_CONCURRENCY, max(5, warm, 2 * math.ceil(needs.at_a_time)))
    reasons = (why, *text.serverless(memory, warm, COLD_START_MS))
    hcl = text.serverless_hcl(memory, concurrency, warm)
    return Advice("serverless", "none", "by itself", "all_at_once", reasons, hcl)


def choose_option(needs: Needs) -> tuple[Option, str]:
    """Return how to serve, and why: the first row of the table that fits."""
    return next(_options(needs))


def _options(needs: Needs) -> Iterator[tuple[Option, str]]:
    if needs.traffic == "files":
        yield "batch", "Whole data sets want no endpoint: a job reads them, writes the predictions and is gone."
    if needs.payload_mb > REAL_TIME_MB:
        yield (
            "asynchronous",
            f"A request of {needs.payload_mb:g} MB is more than the {REAL_TIME_MB} MB of one that is answered at once.",
        )
    if needs.work_ms > REAL_TIME_SECONDS * 1000:
        yield (
            "asynchronous",
            f"The model works longer than the {REAL_TIME_SECONDS} s that SageMaker waits for an answer at once.",
        )
    fits = needs.payload_mb <= SERVERLESS_MB and memory_mb(needs) <= SERVERLESS_GB * 1024
    serverless = needs.accelerator == "none" and fits and needs.at_a_time * 2 <= SERVERLESS_CONCURRENCY
    if needs.traffic == "intermittent" and serverless:
        yield "serverless", "Between its requests it costs nothing, and they are small enough."
    if needs.latency_ms == 0:
        yield "asynchronous", "Nobody waits: requests queue, and instances follow the queue instead of the peak."
    yield "real_time", "Somebody waits for every answer, and there are always some to give."


def built_for(needs: Needs) -> str:
    """Return what the image has to be built for."""
    return "x86_64" if needs.accelerator == "none" else needs.accelerator


def memory_mb(needs: Needs) -> int:
    """Return what a serverless endpoint needs for the model: in steps of 1024 MB, twice what it takes."""
    return max(1024, math.ceil(needs.memory_gb * 2) * 1024)


def choose_instance(needs: Needs, *, transform: bool = False) -> tuple[str, str]:
    """Return the instance type, and why that family."""
    if needs.accelerator == "neuron":
        return "ml.inf2.xlarge", "inf2 answers many requests of a model that is compiled for Neuron at a low price."
    if needs.accelerator == "gpu":
        family = "g4dn" if needs.budget == "lean" else "g5"
        return (
            f"ml.{family}.xlarge",
            f"{family} has one GPU for inference; the p families are for training and the largest models.",
        )
    if needs.memory_gb > 3:
        size = next((size for size, gigabytes in text.R_SIZES.items() if gigabytes >= 2 * needs.memory_gb), None)
        if size is None:
            raise NeedsError(
                "memory_gb", needs.memory_gb, f"at most {max(text.R_SIZES.values()) // 2}, of the largest r"
            )
        return (
            f"ml.{'r6i' if transform else 'r5'}.{size}",
            "r has the most memory for its price, and the model needs it.",
        )
    if needs.work_ms >= 50:
        return (
            "ml.c5.xlarge" if transform else "ml.c5.large",
            "c computes most for its price, and the model computes long.",
        )
    if needs.budget == "lean" and needs.traffic == "intermittent" and not transform:
        return "ml.t2.medium", "t2 is cheap, and bursts: it is idle most of the time."
    return "ml.m5.large", "m is balanced, and nothing asks for more of one thing."


def per_minute(needs: Needs) -> int:
    """Return how many requests an instance is planned to answer in a minute."""
    workers = 1 if needs.accelerator != "none" else VCPUS
    return max(1, math.floor(60_000 / needs.work_ms * workers * BUSY))


def choose_scaling(needs: Needs, option: Option) -> tuple[str, int, int, str]:
    """Return how it scales, between which numbers of instances, and why."""
    needed = max(1, math.ceil(needs.requests_per_minute / per_minute(needs)))
    fewest = 1 if needs.budget == "lean" else 2
    if option == "asynchronous":
        rests = needs.traffic == "intermittent" or needs.budget == "lean"
        return (
            "backlog",
            0 if rests else 1,
            max(needed, 1),
            "What waits for an instance is tracked" + (", down to none." if rests else "."),
        )
    if needs.traffic == "intermittent":
        return (
            "on demand",
            fewest,
            max(needed, fewest),
            "There is too little traffic to follow: a person sets the count.",
        )
    most = max(needed, fewest) * (2 if needs.traffic == "spiky" else 1) + (0 if needs.budget == "lean" else 1)
    why = {
        "steady": "The requests that an instance gets are kept near what it can do.",
        "daily": "The clock knows the hours; within them, requests are tracked.",
        "spiky": "Tracking takes minutes to believe a surge: steps answer it at once, by its size.",
    }[needs.traffic]
    scaling = {"steady": "target tracking", "daily": "scheduled", "spiky": "step"}[needs.traffic]
    return scaling, fewest, most, why


def choose_rollout(needs: Needs, start: int) -> tuple[str, str]:
    """Return the strategy for a fleet that starts with so many instances, and why."""
    if start == 1:
        return "all_at_once", "One instance has no share to shift: all of the traffic moves, and bakes under alarms."
    if needs.accelerator != "none" and needs.budget == "lean":
        return "rolling", "Batches need no second fleet of expensive instances; both versions answer for a while."
    if start >= 4:
        return "canary", "A quarter of the traffic meets the new release first, under alarms."
    return "linear", "Two equal steps: a fleet this small has no smaller share worth watching."


def patience_ms(needs: Needs, option: Option) -> int:
    """Return the latency that rings: what is wanted, or ten times the model's work where nobody waits.

    An alarm rings before SageMaker gives a request up.
    """
    seconds = REAL_TIME_SECONDS if option == "real_time" else ASYNCHRONOUS_SECONDS
    wanted = needs.latency_ms if option == "real_time" else 0
    return min(wanted or 10 * needs.work_ms, seconds * 1000 - 1)
