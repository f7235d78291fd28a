from dataclasses import replace

import pytest
from tests.unit.rehearsal.test_strategies import DIES, GOOD, SLOW

from fairway.rehearsal import rollouts_page

PAGE = f"# Rollouts\n\nBefore.\n\n{rollouts_page.BEGIN}\nold\n{rollouts_page.END}\n\nAfter.\n"
CELLS = [GOOD, SLOW, replace(DIES, plan_empty=False)]


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "rollouts.md"
    path.write_text(PAGE)
    return path


def test_what_is_written_is_read_again(page):
    rollouts_page.write(page, CELLS, "Made by hand.")
    assert rollouts_page.read(page) == CELLS
    text = page.read_text()
    assert text.startswith("# Rollouts\n\nBefore.\n")
    assert text.endswith("\n\nAfter.\n")
    assert "old" not in text
    assert "\nMade by hand.\n" in text


def test_a_row_reads_well():
    assert rollouts_page.row(SLOW) == (
        "canary", "slow", "rolled back", "100", "0", "25 of 97 (25.8 %)", "25 %", "30.0", "600", "1", "empty",
        "wants 1, 1 runs; #3 merged",
    )  # fmt: skip


def test_a_table_of_other_columns_is_refused(page):
    rollouts_page.write(page, CELLS, "")
    page.write_text(page.read_text().replace("| Bound |", "| Limit |"))
    with pytest.raises(ValueError, match=r"rollouts.md was written by other code"):
        rollouts_page.read(page)


@pytest.mark.parametrize("line", ["| a | b |", "| " + " | ".join("x" * 12) + " |"])
def test_a_row_that_is_none_is_refused(line):
    with pytest.raises(ValueError, match=r"columns are expected|not a row of the table"):
        rollouts_page.parse(line)


def test_a_page_without_markers_is_refused(page):
    page.write_text("# Rollouts\n")
    with pytest.raises(ValueError, match="markers"):
        rollouts_page.write(page, CELLS, "")
