"""Targets as the engine sees them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fairway.twin.clock import Clock
from fairway.twin.runtime.scaling_targets import minimum_fault, next_run, tied_variants, variant_of
from fairway.twin.store import Resource, Store

INSTANCES, PROVISIONED = "sagemaker:variant:DesiredInstanceCount", "sagemaker:variant:DesiredProvisionedConcurrency"
NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("action", "due"),
    [
        ({"Schedule": "rate(5 minutes)"}, NOW + 5 * MINUTE),
        ({"Schedule": "rate(5 minutes)", "StartTime": NOW + MINUTE}, NOW + MINUTE),
        ({"Schedule": "rate(5 minutes)", "StartTime": NOW - MINUTE}, NOW + 5 * MINUTE),
        ({"Schedule": "rate(5 minutes)", "EndTime": NOW + MINUTE}, None),
        ({"Schedule": "at(2026-11-22T16:03:00)", "StartTime": NOW + MINUTE}, NOW + 3 * MINUTE),
        ({"Schedule": "cron(30 * * * ? *)", "Timezone": "Asia/Kolkata"}, NOW + 60 * MINUTE),
    ],
)
def test_an_action_runs_at_its_start_and_as_its_schedule_says_until_its_end(action, due):
    assert next_run(action, NOW, speed=1) == due


def target_of(dimension):
    members = {"ResourceId": "endpoint/a/variant/b", "ScalableDimension": dimension}
    return Resource("ScalableTarget", "1", "r", "x", "target", members)


SERVERLESS = {"VariantName": "b", "DesiredServerlessConfig": {"MaxConcurrency": 5, "ProvisionedConcurrency": 3}}


@pytest.mark.parametrize(
    ("dimension", "variants", "found"),
    [
        (INSTANCES, None, None),
        (INSTANCES, [], None),
        (INSTANCES, [{"VariantName": "b", "DesiredInstanceCount": 2}], 2),
        (INSTANCES, [SERVERLESS], None),
        (PROVISIONED, [SERVERLESS], 3),
        (PROVISIONED, [{"VariantName": "b", "DesiredServerlessConfig": {"MaxConcurrency": 5}}], None),
        (PROVISIONED, [{"VariantName": "b", "DesiredInstanceCount": 2}], None),
    ],
)
def test_a_variant_is_found_if_its_endpoint_runs_it(dimension, variants, found):
    store, target = Store(Clock()), target_of(dimension)
    assert variant_of(store, target) is None
    attributes = {"EndpointStatus": "Creating", **({} if variants is None else {"ProductionVariants": variants})}
    store.add(Resource("Endpoint", "1", "r", "a", "endpoint", attributes))
    variant = variant_of(store, target)
    assert (variant.capacity if variant else None) == found
    assert variant is None or not variant.scalable


@pytest.mark.parametrize(
    ("after", "tied"),
    [
        ({"b": "ml.m5.large", "other": "ml.m5.large"}, []),
        ({"b": "ml.m5.xlarge"}, ["b"]),
        ({"other": "ml.m5.large"}, ["b"]),
    ],
)
def test_a_scaled_variant_is_tied_to_its_instance_type(after, tied):
    store, configs = Store(Clock()), []
    for name, types in (("before", {"b": "ml.m5.large", "unscaled": "ml.c5.large"}), ("after", after)):
        variants = [{"VariantName": variant, "InstanceType": kind} for variant, kind in types.items()]
        configs.append(Resource("EndpointConfig", "1", "r", name, name, {"ProductionVariants": variants}))
        store.add(configs[-1])
    endpoint = Resource("Endpoint", "1", "r", "a", "endpoint", {"EndpointConfigName": "before"})
    store.add(Resource("ScalableTarget", "1", "r", "x", "target", {"ResourceId": "endpoint/a/variant/b"}))
    store.add(Resource("ScalableTarget", "1", "r", "y", "other", {"ResourceId": "endpoint/z/variant/unscaled"}))
    assert tied_variants(store, endpoint, configs[-1]) == tied


@pytest.mark.parametrize(
    ("dimension", "asynchronous", "minimum", "said"),
    [
        (INSTANCES, False, 1, None),
        (INSTANCES, False, 0, "needs an asynchronous endpoint"),
        (INSTANCES, True, 0, None),
        (PROVISIONED, False, 1, None),
        (PROVISIONED, False, 0, "is 1 or more"),
    ],
)
def test_only_where_requests_wait_is_there_no_capacity(dimension, asynchronous, minimum, said):
    store = Store(Clock())
    attributes: dict[str, Any] = {"AsyncInferenceConfig": {"OutputConfig": {}}} if asynchronous else {}
    store.add(Resource("Endpoint", "1", "r", "a", "endpoint", attributes))
    fault = minimum_fault(store, target_of(dimension), minimum)
    assert fault is None if said is None else said in (fault or "")
