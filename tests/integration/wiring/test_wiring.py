"""Every fault of the wiring makes the rehearsal fail where it must, with a message that names the cause."""

import os

import pytest
from tests.integration.main_job.checkout import ROOT
from tests.integration.wiring import page
from tests.integration.wiring.faults import MODEL, RELEASE, TRAINING, VERIFYING, Fault
from tests.integration.wiring.standing import Standing, succeeded
from tests.integration.wiring.table import FAULTS

pytestmark = pytest.mark.long

PAGE = ROOT / "docs/wiring.md"
ALL = "FAIRWAY_WIRING" in os.environ
TRIED = [fault for fault in FAULTS if fault.gate or ALL]
rows: list[page.Row] = []


@pytest.mark.parametrize("fault", TRIED, ids=lambda fault: fault.name)
def test_a_fault_fails_where_it_must_and_is_named(standing: Standing, fault: Fault) -> None:
    failure = standing.provoke(fault)
    assert f"{failure.stage}/{failure.action}" == fault.failed, failure.words
    for words in fault.says:
        assert words.lower() in failure.words.lower(), failure.words
    rows.append(page.Row(fault.name, fault.failed, page.cause(failure.words, fault.says)))


def test_without_a_fault_all_of_it_runs_though_nothing_has_what_is_never_asked_for(standing: Standing) -> None:
    line, trained, released = standing.line, standing.before(TRAINING), standing.before(VERIFYING)
    assert succeeded(line, MODEL, trained) == ["image", "integration", "source", "train", "unit"]
    line.retry(RELEASE, released, "Verify")
    assert line.ended(RELEASE, released) == "Succeeded", line.failure(RELEASE, released).words


def test_the_page_has_every_fault() -> None:
    if len(rows) == len(FAULTS):  # all were asked for, and went as they must
        page.write(PAGE, rows)
    assert [(row.fault, row.failed) for row in page.read(PAGE)] == [(fault.name, fault.failed) for fault in FAULTS]
