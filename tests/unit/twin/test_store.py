"""The store."""

from datetime import UTC, datetime

import pytest

from fairway.twin.clock import Clock
from fairway.twin.store import AlreadyStoredError, Resource, Store


class StoppedClock(Clock):
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store():
    return Store(StoppedClock())


def model(name: str, account: str = "111111111111", region: str = "us-east-1") -> Resource:
    return Resource("Model", account, region, name, f"arn:aws:sagemaker:{region}:{account}:model/{name}")


def test_a_resource_is_found_by_kind_account_region_and_name_or_by_arn(store):
    mine, other = model("m"), model("m", account="222222222222")
    store.add(mine)
    store.add(other)
    assert store.get("Model", "111111111111", "us-east-1", "m") is mine
    assert store.get("Model", "111111111111", "eu-west-1", "m") is None
    assert store.get("Endpoint", "111111111111", "us-east-1", "m") is None
    assert store.find(other.arn) is other
    assert store.find("arn:none") is None


def test_a_name_is_given_once(store):
    first = model("m")
    store.add(first)
    with pytest.raises(AlreadyStoredError, match="Model 'm' is stored already") as caught:
        store.add(model("m"))
    assert caught.value.resource is first


def test_resources_are_listed_in_the_order_of_their_creation(store):
    made = [model("b"), model("a"), model("c", account="222222222222"), model("d", region="eu-west-1")]
    for resource in made:
        store.add(resource)
    assert store.list("Model") == made
    assert store.list("Model", "111111111111", "us-east-1") == made[:2]
    assert store.list("Endpoint") == []


def test_an_update_replaces_the_attributes_and_says_when(store):
    resource = model("m")
    before = resource.attributes
    store.update(resource, EndpointStatus="InService")
    assert resource.attributes == {"EndpointStatus": "InService", "LastModifiedTime": StoppedClock().now()}
    assert before == {}, "who read the attributes before sees them as they were"


def test_what_is_removed_is_gone_and_its_name_is_free(store):
    first, second = model("m"), model("m")
    store.add(first)
    store.remove(first)
    store.add(second)
    store.remove(first)
    assert store.get("Model", "111111111111", "us-east-1", "m") is second
