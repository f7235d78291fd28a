"""A shadow gets its share of the requests, and nothing of what it does reaches those that it copies."""

import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from fairway.twin.runtime.shadow import AT_MOST, ShadowFleet, violations
from fairway.twin.runtime.variants import VariantFleet

WAIT = 10


def fleet(kind: type[VariantFleet], weight: float) -> Any:
    image: Any = SimpleNamespace(uri="i")
    return kind(
        "v",
        config_name="c",
        weight=weight,
        image=image,
        specified_image="i",
        made_at=datetime.now(UTC),
        startup_seconds=1,
        launcher=lambda _changed: SimpleNamespace(),  # type: ignore[arg-type, return-value]
    )


@pytest.mark.parametrize(
    ("shadow", "production", "copies"), [(1, 1, 100), (0.5, 1, 50), (1, 4, 25), (3, 1, 100), (0, 1, 0), (1, 0, 0)]
)
def test_the_share_is_the_ratio_of_the_weights(shadow, production, copies):
    copied, serving = fleet(ShadowFleet, shadow), fleet(VariantFleet, production)
    assert sum(copied.takes(serving) for _ in range(100)) == copies
    copied.close()


def test_one_that_falls_behind_gets_no_more_than_it_can_hold():
    shadow, goes_on, asked = fleet(ShadowFleet, 1), threading.Event(), threading.Semaphore(0)

    def ask():
        goes_on.wait(WAIT)
        asked.release()
        raise TimeoutError

    for _ in range(2 * AT_MOST):
        shadow.copy(ask)
    goes_on.set()
    assert all(asked.acquire(timeout=WAIT) for _ in range(AT_MOST))
    shadow.close()
    shadow.copy(ask)
    assert not asked.acquire(blocking=False)


@pytest.mark.parametrize(
    ("production", "shadows", "said"),
    [
        (1, [], None),
        (2, [], None),
        (1, [{"VariantName": "s"}], None),
        (2, [{"VariantName": "s"}], "has 2 and 1"),
        (1, [{"VariantName": "s"}, {"VariantName": "t"}], "has 1 and 2"),
        (1, [{"VariantName": "s", "ServerlessConfig": {}}], "ServerlessConfig is not supported"),
    ],
)
def test_rules(production, shadows, said):
    broken = " ".join(violations({"ProductionVariants": [{}] * production, "ShadowProductionVariants": shadows}))
    assert not broken if said is None else said in broken
