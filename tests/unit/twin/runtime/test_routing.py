"""Who gets a request, and when a fleet has none left."""

import threading
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from fairway.twin.runtime.routing import Fleet, NoVariantError, Route, Router
from fairway.twin.runtime.variants import VariantFleet


class FakeInstance:
    """What routing knows of an instance."""

    def __init__(self, serves):
        self.serving, self.in_flight = serves, 0


def instance_that(*, serves=True) -> Any:
    return FakeInstance(serves)


def variant(name, *instances):
    nothing: Any = None  # routing asks for none of it
    made = VariantFleet(
        name,
        config_name="c",
        weight=1.0,
        image=nothing,
        specified_image="",
        made_at=nothing,
        startup_seconds=60,
        launcher=nothing,
    )
    made.instances = list(instances)
    return made


def take(router, target=None):
    with router.request(target) as (chosen, instance):
        return chosen.name, instance


@pytest.mark.parametrize(
    "weights",
    [(9, 1, 0), (Fraction(1, 3), Fraction(2, 3)), (0.1, 0.2, 0.7), (Fraction(93, 100), Fraction(7, 100)), (1, 1, 1, 1)],
)
def test_after_any_number_of_requests_the_shares_are_the_weights(weights):
    variants = [variant(str(number), instance_that()) for number in range(len(weights))]
    router = Router([Route(one, weight) for one, weight in zip(variants, weights, strict=True)])
    seen: Counter[str] = Counter()
    for requests in range(1, 601):
        seen[take(router)[0]] += 1
        for number, weight in enumerate(weights):
            assert abs(seen[str(number)] - requests * weight / sum(weights)) < 1.001
    assert [seen[str(number)] for number in range(len(weights))] == [
        round(600 * weight / sum(weights)) for weight in weights
    ]


def test_two_fleets_with_a_variant_of_one_name_share_what_is_sent_to_it():
    old, new, other = variant("main", instance_that()), variant("main", instance_that()), variant("b", instance_that())
    router = Router([Route(old, Fraction(3, 4)), Route(new, Fraction(1, 4)), Route(other, 1)])
    seen = Counter(id(take(router, "main")[1]) for _ in range(100))
    assert seen == {id(old.instances[0]): 75, id(new.instances[0]): 25}


def test_instances_take_turns():
    instances = [instance_that(), instance_that(serves=False), instance_that()]
    router = Router()
    router.swap([Route(variant("a", *instances), 1)])
    assert Counter(id(take(router)[1]) for _ in range(10)) == {id(instances[0]): 5, id(instances[2]): 5}


def test_a_target_overrides_the_weights():
    router = Router()
    router.swap([Route(variant("a", instance_that()), 1), Route(variant("b", instance_that()), 0)])
    assert {take(router, "b")[0] for _ in range(10)} == {"b"}
    with pytest.raises(NoVariantError):
        take(router, "c")


def test_a_variant_without_a_serving_instance_is_passed_over():
    router = Router()
    router.swap([Route(variant("a", instance_that(serves=False)), 99), Route(variant("b", instance_that()), 1)])
    assert {take(router)[0] for _ in range(10)} == {"b"}


def test_nothing_serves():
    router = Router()
    router.swap([Route(variant("a", instance_that(serves=False)), 1), Route(variant("b", instance_that()), 0)])
    with pytest.raises(NoVariantError):
        take(router)


def test_an_instance_that_failed_a_request_is_avoided_for_it():
    broken, sound = instance_that(), instance_that()
    router = Router()
    router.swap([Route(variant("a", broken, sound), 1)])
    for _ in range(4):
        with router.request(None, avoid=[broken]) as (_, instance):
            assert instance is sound


def test_a_drained_fleet_has_nothing_in_flight(tmp_path):
    old, new = instance_that(), instance_that()
    fleet = Fleet("old", (variant("a", old),), (tmp_path,))
    router = Router()
    router.swap(fleet.routes())
    entered, leave, drained = threading.Event(), threading.Event(), threading.Event()

    def work():
        with router.request(None):
            entered.set()
            leave.wait(5)

    worker = threading.Thread(target=work)
    worker.start()
    entered.wait(5)
    router.swap([Route(variant("a", new), 1)])

    def drain():
        router.drain(fleet.instances())
        drained.set()

    drainer = threading.Thread(target=drain)
    drainer.start()
    assert take(router)[1] is new
    assert not drained.wait(0.05)
    leave.set()
    assert drained.wait(5)
    worker.join()
    drainer.join()
    assert (old.in_flight, new.in_flight) == (0, 0)


def test_a_request_that_raises_is_not_in_flight_any_more():
    instance = instance_that()
    router = Router()
    router.swap([Route(variant("a", instance), 1)])
    with pytest.raises(ValueError, match="x"), router.request(None):
        raise ValueError("x")
    assert instance.in_flight == 0
