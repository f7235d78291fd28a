"""The field guide as a table: what is needed, and what is advised for it."""

from typing import Any

import pytest

from fairway.delivery.advice import Needs, advise, memory_mb
from fairway.errors import NeedsError

TABLE: list[tuple[Any, tuple[str, str, str, str]]] = [
    # traffic, latency, requests a minute, MB, work ms, GB, accelerator, budget -> option, instance, scaling, rollout
    (("files", 0, 0, 500, 10, 1, "none", "balanced"), ("batch", "ml.m5.large", "by the job", "none")),
    (("files", 0, 0, 500, 80, 1, "none", "lean"), ("batch", "ml.c5.xlarge", "by the job", "none")),
    (("files", 0, 0, 500, 10, 20, "none", "lean"), ("batch", "ml.r6i.2xlarge", "by the job", "none")),
    (("files", 0, 0, 500, 10, 1, "gpu", "lean"), ("batch", "ml.g4dn.xlarge", "by the job", "none")),
    (("intermittent", 10000, 5, 0.1, 10, 1, "none", "lean"), ("serverless", "none", "by itself", "all_at_once")),
    (("intermittent", 200, 5, 0.1, 10, 1, "none", "balanced"), ("serverless", "none", "by itself", "all_at_once")),
    (("intermittent", 1000, 5, 5, 10, 1, "none", "lean"), ("real_time", "ml.t2.medium", "on demand", "all_at_once")),
    (("intermittent", 1000, 5, 5, 10, 1, "none", "ample"), ("real_time", "ml.m5.large", "on demand", "linear")),
    (("intermittent", 1000, 5, 1, 10, 4, "none", "balanced"), ("real_time", "ml.r5.large", "on demand", "linear")),
    (("intermittent", 0, 5, 1, 900, 4, "gpu", "balanced"), ("asynchronous", "ml.g5.xlarge", "backlog", "all_at_once")),
    (("steady", 0, 60, 200, 900, 1, "none", "balanced"), ("asynchronous", "ml.c5.large", "backlog", "all_at_once")),
    (("steady", 0, 60, 1, 90000, 1, "none", "lean"), ("asynchronous", "ml.c5.large", "backlog", "all_at_once")),
    (("steady", 0, 60, 500, 600000, 1, "none", "lean"), ("asynchronous", "ml.c5.large", "backlog", "all_at_once")),
    (("daily", 90000, 60, 1, 10, 1, "none", "ample"), ("real_time", "ml.m5.large", "scheduled", "linear")),
    (("steady", 0, 60, 1, 10, 1, "none", "balanced"), ("asynchronous", "ml.m5.large", "backlog", "all_at_once")),
    (("steady", 100, 6000, 0.1, 10, 1, "none", "balanced"), ("real_time", "ml.m5.large", "target tracking", "linear")),
    (("steady", 500, 9000, 0.1, 60, 1, "none", "balanced"), ("real_time", "ml.c5.large", "target tracking", "canary")),
    (("steady", 100, 600, 0.1, 10, 1, "none", "lean"), ("real_time", "ml.m5.large", "target tracking", "all_at_once")),
    (("daily", 100, 60000, 0.1, 10, 1, "none", "ample"), ("real_time", "ml.m5.large", "scheduled", "canary")),
    (("spiky", 100, 6000, 0.1, 10, 1, "none", "balanced"), ("real_time", "ml.m5.large", "step", "canary")),
    (("steady", 100, 6000, 0.1, 20, 1, "gpu", "lean"), ("real_time", "ml.g4dn.xlarge", "target tracking", "rolling")),
    (("steady", 100, 600, 0.1, 20, 1, "neuron", "ample"), ("real_time", "ml.inf2.xlarge", "target tracking", "linear")),
]


@pytest.mark.parametrize(("needs", "wanted"), TABLE)
def test_what_is_advised(needs, wanted):
    told = advise(Needs(needs[0], *needs[1:]))
    assert (told.option, told.instance, told.scaling, told.rollout) == wanted
    assert all(reason.endswith(".") for reason in told.reasons)
    assert told.hcl.startswith(("endpoint = {\n", "batch = {\n"))


def test_what_must_not_wait_for_a_cold_start_is_kept_warm():
    assert "provisioned_concurrency = 1" in advise(Needs("intermittent", latency_ms=200)).hcl
    assert "provisioned_concurrency" not in advise(Needs("intermittent", latency_ms=10_000)).hcl


def test_a_payload_beyond_what_an_endpoint_takes_by_default_is_asked_for():
    assert "max_payload_mb = 501 " in advise(Needs("steady", payload_mb=500.5)).hcl
    assert "mode = { asynchronous = {} }" in advise(Needs("steady", payload_mb=100)).hcl
    assert "mode = { real_time = {} }" in advise(Needs("steady", payload_mb=6)).hcl


def test_who_wants_an_answer_soon_of_a_queue_is_told_that_it_is_one():
    assert "An answer within 1000 ms is not promised" in " ".join(advise(Needs("steady", payload_mb=10)).reasons)


@pytest.mark.parametrize(
    ("needs", "milliseconds"),
    [
        ({"latency_ms": 90_000}, 59_999),
        ({"latency_ms": 0, "work_ms": 600_000}, 3_599_999),
        ({"latency_ms": 1000, "payload_mb": 10}, 100),
        ({"latency_ms": 200}, 200),
    ],
)
def test_a_latency_alarm_rings_before_a_request_is_given_up(needs, milliseconds):
    assert f"p99_latency_ms = {milliseconds}," in advise(Needs("steady", **needs)).hcl


def test_concurrency_is_what_is_answered_at_a_time_twice():
    told = advise(Needs("intermittent", latency_ms=30_000, requests_per_minute=600, work_ms=2000))
    assert "max_concurrency = 40" in told.hcl


@pytest.mark.parametrize(("gigabytes", "wanted"), [(0.1, 1024), (0.5, 1024), (0.6, 2048), (3, 6144)])
def test_memory_comes_in_steps(gigabytes, wanted):
    assert memory_mb(Needs("steady", memory_gb=gigabytes)) == wanted


@pytest.mark.parametrize(
    ("needs", "sentence"),
    [
        ({"traffic": "rare"}, "traffic is 'rare': one of steady, daily, spiky, intermittent, files"),
        ({"traffic": "steady", "budget": "none"}, "budget is 'none'"),
        ({"traffic": "steady", "accelerator": "tpu"}, "accelerator is 'tpu'"),
        ({"traffic": "steady", "payload_mb": 2000}, "payload_mb is 2000"),
        ({"traffic": "steady", "work_ms": 4_000_000}, "work_ms is 4000000"),
        ({"traffic": "steady", "work_ms": 500, "latency_ms": 100}, "at least the 500 ms that the model works"),
        ({"traffic": "steady", "requests_per_minute": -1}, "requests_per_minute is -1: 0 or more"),
        ({"traffic": "steady", "latency_ms": -1}, "latency_ms is -1: 0 or more"),
        ({"traffic": "steady", "memory_gb": 0}, "memory_gb is 0: more than 0"),
        ({"traffic": "steady", "memory_gb": float("nan")}, "memory_gb is nan: more than 0"),
        ({"traffic": "steady", "memory_gb": float("inf")}, "memory_gb is inf: more than 0"),
    ],
)
def test_needs_that_cannot_be_are_refused(needs, sentence):
    with pytest.raises(NeedsError, match=sentence):
        Needs(**needs)


def test_more_memory_than_there_is_is_refused():
    with pytest.raises(NeedsError, match="at most 64"):
        advise(Needs("steady", memory_gb=200))
