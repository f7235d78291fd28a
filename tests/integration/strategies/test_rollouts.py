"""`make rollouts`: the table that it has written, and a cell of it that `make demo` does not have, tried again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.main_job.checkout import Checkout, Result, make_checkout
from tests.integration.running import free_port

from fairway.rehearsal import rollouts_page
from fairway.rehearsal.rollouts import PAGE
from fairway.rehearsal.strategies import RELEASES, STRATEGIES

CELLS = rollouts_page.read(Path(__file__).parents[3] / PAGE)


def test_the_page_has_every_strategy_with_every_release():
    expected = [(strategy.name, release) for strategy in STRATEGIES for release in RELEASES]
    assert [(cell.strategy, cell.release) for cell in CELLS] == expected


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.strategy}, {cell.release}")
def test_every_row_of_the_page_is_as_it_should_be(cell):
    assert cell.unmet == []


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkout, Result]]:
    checkout = make_checkout(tmp_path_factory.mktemp("rollouts") / "flights", free_port(), environments=("dev", "prod"))
    try:
        yield checkout, checkout.fairway("rollouts", "--strategy", "rolling", "--release", "wrong answers")
    finally:
        checkout.fairway("down")


@pytest.mark.long
def test_a_rolling_update_to_wrong_answers_is_rolled_back_and_reverted(tried):
    checkout, result = tried
    assert result.code == 0, result.out + result.err
    lines = [line for line in result.out.splitlines() if line.startswith("| rolling |")]
    [cell] = map(rollouts_page.parse, lines)
    assert cell.outcome == "rolled back"
    assert cell.unmet == []
    assert checkout.copy.fairway("status").code == 0


@pytest.mark.long
def test_a_part_of_the_table_is_not_written_to_the_page(tried):
    checkout, _ = tried
    assert checkout.git("status", "--porcelain", PAGE) == ""
