"""Targets as the engine sees them."""

from datetime import UTC, datetime, timedelta

import pytest

from fairway.twin.clock import Clock
from fairway.twin.runtime.scaling_targets import next_run, tied_variants, variant_of
from fairway.twin.store import Resource, Store

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


@pytest.mark.parametrize(
    ("variants", "found"),
    [(None, None), ([], None), ([{"VariantName": "b", "DesiredInstanceCount": 2}], 2)],
)
def test_a_variant_is_found_if_its_endpoint_runs_it(variants, found):
    store = Store(Clock())
    target = Resource("ScalableTarget", "1", "r", "x", "target", {"ResourceId": "endpoint/a/variant/b"})
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
