"""The whole of `make demo`: from a push to production, a mistake that the tests catch, one that the canary catches."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.integration.main_job.checkout import Checkout, Result, make_checkout
from tests.integration.running import free_port

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]

OUTCOME = re.compile(r"^  ([a-z: ]+): ([a-z ]+) in (\d+) s, (\d+) requests, (\d+) failed$", re.MULTILINE)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkout, Result]]:
    checkout = make_checkout(
        tmp_path_factory.mktemp("story") / "flights", free_port(), environments=("dev", "staging", "prod")
    )
    try:
        demo = checkout.start("demo")
        out, err = demo.communicate(timeout=1400)
        yield checkout, Result(demo.returncode, out, err)
    finally:
        checkout.fairway("down")


def test_every_rollout_ends_as_it_should_and_no_request_is_lost(told):
    _, demo = told
    assert demo.code == 0, demo.out + demo.err
    found = OUTCOME.findall(demo.out)
    assert [(title, outcome, failed) for title, outcome, _, _, failed in found] == [
        ("good", "deployed", "0"),
        ("bad: wrong answers", "rolled back", "0"),
    ]
    assert all(int(sent) > 0 for _, _, _, sent, _ in found)


def test_pushes_and_merges_start_every_pipeline_to_its_end(told):
    runs = re.findall(r"^[✓✗] +[\d.]+ s  (flights-[\w-]+) [0-9a-f]{8}: (\w+)", told[1].out, re.MULTILINE)
    assert Counter(runs) == {
        ("flights-model", "Succeeded"): 2,
        ("flights-model", "Failed"): 1,
        ("flights-release-dev", "Succeeded"): 2,
        ("flights-release-staging", "Succeeded"): 2,
        ("flights-release-prod", "Succeeded"): 2,
        ("flights-release-prod", "Failed"): 1,
    }


def test_the_tests_catch_the_mistake_that_they_can_catch(told):
    assert re.search(r"^  caught by (unit|integration) of the stage Test", told[1].out, re.MULTILINE)


def test_the_second_plan_is_empty_after_every_step(told):
    found = re.findall(r"^✓ +[\d.]+ s  (\w+): the plan is empty  after (.+)$", told[1].out, re.MULTILINE)
    assert Counter(found) == Counter(
        [(root, "its apply") for root in ("bootstrap", "delivery", "dev", "staging", "prod")]
        + [("dev", f"version {number}") for number in (1, 2, 3)]
        + [("staging", after) for after in ("its first release", "version 2", "version 3")]
        + [("prod", after) for after in ("its first release", "version 2", "version 2")]  # the last by the revert
    )


def test_no_role_lacks_anything_and_none_may_more_than_it_did_without_a_reason(told):
    audit = told[0].fairway("audit")
    assert audit.code == 0, "\n".join(line for line in audit.out.splitlines() if line.startswith("•")) + audit.err


def test_git_and_aws_agree(told):
    status = told[0].copy.fairway("status")
    assert status.code == 0, status.out
    history = told[0].copy.fairway("history", "prod")
    assert history.code == 0
    # The first release, the canary, the bad one, and what reverted it.
    assert [int(version) for version in re.findall(r"^│[^│]*│ +(\d+) +│", history.out, re.MULTILINE)] == [2, 3, 2, 1]


def test_the_page_tells_both_rollouts_and_every_run(told):
    page = (told[0].root / "build/rehearsal.html").read_text()
    assert page.count("rolled back</td>") == 1
    assert page.count("deployed</td>") == 1
    assert "The alarm flights-prod-quality rang" in page
    assert page.count("<td>flights-release-") == 7
    assert "<svg" in page
