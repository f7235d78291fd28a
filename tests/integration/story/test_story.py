"""The whole of `make demo`: promotion to production, a canary under live traffic, three bad releases rolled back."""

import re
from collections.abc import Iterator

import pytest
from tests.integration.main_job.checkout import Checkout, Result, make_checkout
from tests.integration.running import free_port

OUTCOME = re.compile(r"^  ([a-z: ]+): ([a-z ]+) in (\d+) s, (\d+) requests, (\d+) failed$", re.MULTILINE)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkout, Result]]:
    checkout = make_checkout(
        tmp_path_factory.mktemp("story") / "flights", free_port(), environments=("dev", "staging", "prod")
    )
    try:
        yield checkout, checkout.fairway("demo")
    finally:
        checkout.fairway("down")


def test_every_rollout_ends_as_it_should_and_no_request_is_lost(told):
    _, demo = told
    assert demo.code == 0, demo.out + demo.err
    outcomes = [(title, outcome, failed) for title, outcome, _, _, failed in OUTCOME.findall(demo.out)]
    assert outcomes == [
        ("good", "deployed", "0"),
        ("bad: dies at load", "rolled back", "0"),
        ("bad: slow", "rolled back", "0"),
        ("bad: wrong answers", "rolled back", "0"),
    ]
    assert all(int(sent) > 0 for _, _, _, sent, _ in OUTCOME.findall(demo.out))


def test_each_rollback_says_why(told):
    out = told[1].out
    assert "The alarm flights-prod-latency rang" in out
    assert "The alarm flights-prod-quality rang" in out


def test_every_plan_is_empty_afterwards(told):
    for environment in ("dev", "staging", "prod"):
        assert f"{environment}: the plan is empty" in told[1].out


def test_git_and_aws_agree(told):
    status = told[0].copy.fairway("status")
    assert status.code == 0, status.out
    history = told[0].copy.fairway("history", "prod")
    assert history.code == 0
    # First release, canary, three bad ones, and what reverted each.
    assert [int(version) for version in re.findall(r"^│[^│]*│ +(\d+) +│", history.out, re.MULTILINE)] == [
        2,
        5,
        2,
        4,
        2,
        3,
        2,
        1,
    ]


def test_the_page_tells_all_four_rollouts(told):
    page = (told[0].root / "build/rehearsal.html").read_text()
    assert page.count("rolled back</td>") == 3
    assert page.count("deployed</td>") == 1
    assert "<svg" in page
