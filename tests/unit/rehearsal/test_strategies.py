from dataclasses import replace

import pytest

from fairway.rehearsal.strategies import RELEASES, STRATEGIES, Cell, Exposure, exposure
from fairway.traffic import Sent

GOOD = Cell(
    "canary", "good", "deployed", sent=100, failed=0, exposure=Exposure(90, 95), seconds=30.0, aws_seconds=600.0,
    exit_code=0, plan_empty=True, wanted="2", runs="2", reverted_by=None,
)  # fmt: skip
SLOW = replace(
    GOOD, release="slow", outcome="rolled back", exposure=Exposure(25, 97), exit_code=1, wanted="1", runs="1",
    reverted_by=3,
)  # fmt: skip
DIES = replace(SLOW, release="dies at load", exposure=Exposure(0, 0))


@pytest.mark.parametrize("cell", [GOOD, SLOW, DIES, replace(SLOW, strategy="linear", exposure=Exposure(50, 97))])
def test_what_is_as_it_should_be_has_nothing_unmet(cell):
    assert cell.unmet == []


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (replace(GOOD, outcome="rolled back"), "it is rolled back, not deployed"),
        (replace(SLOW, outcome="deployed"), "it is deployed, not rolled back"),
        (replace(GOOD, exit_code=1), "Terraform ended with 1, not 0"),
        (replace(SLOW, exit_code=0), "Terraform ended with 0, not 1"),
        (replace(GOOD, sent=0), "nothing was sent"),
        (replace(DIES, failed=1), "1 requests failed"),
        (replace(SLOW, exposure=Exposure(30, 97)), "the release had 30.9% of the traffic, more than 25%"),
        (replace(DIES, exposure=Exposure(1, 1)), "the release had 100.0% of the traffic, more than 0%"),
        (replace(SLOW, exposure=Exposure(0, 0)), "the release never answered: nothing was tried"),
        (replace(SLOW, plan_empty=False), "the plan is not empty afterwards"),
        (replace(SLOW, wanted="2"), "Git wants version 2, and 1 runs"),
        (replace(SLOW, reverted_by=None), "no pull request reverted it"),
        (replace(GOOD, reverted_by=3), "it was reverted by a pull request"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(cell, reason):
    assert cell.unmet == [reason]


def test_each_strategy_meets_each_kind_of_release():
    assert [strategy.name for strategy in STRATEGIES] == ["all at once", "canary", "linear", "rolling"]
    assert list(RELEASES) == ["good", "dies at load", "slow", "wrong answers"]


def sent(releases):
    return [Sent(at=float(number), seconds=0.01, release=release, error="") for number, release in enumerate(releases)]


@pytest.mark.parametrize(
    ("releases", "expected"),
    [
        ("1111", Exposure(0, 0)),
        ("1112", Exposure(1, 1)),
        ("11211121111", Exposure(2, 5)),
        ("2222", Exposure(4, 4)),
    ],
)
def test_exposure_is_counted_from_the_first_answer_to_the_last(releases, expected):
    assert exposure(sent(releases), "2") == expected
    assert exposure(sent(releases)[::-1], "2") == expected  # a slow answer is recorded after those that came later
