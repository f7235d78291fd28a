"""JUnit XML as pytest and others write it, read into CodeBuild's test cases."""

import pytest

from fairway.twin.runtime.build_failures import PhaseError
from fairway.twin.runtime.build_reports import Case, read_junit, report_status, summary

ONE = '<testsuite name="s"><testcase classname="c" name="n" time="1.5"/></testsuite>'


@pytest.mark.parametrize(
    ("inner", "status", "message"),
    [
        ("", "SUCCEEDED", ""),
        ('<failure message="1 != 2">trace</failure>', "FAILED", "1 != 2\ntrace"),
        ("<error>broken</error>", "ERROR", "broken"),
        ('<skipped message="not here"/>', "SKIPPED", "not here"),
        ("<system-out>noise</system-out>", "SUCCEEDED", ""),
    ],
)
def test_outcomes(tmp_path, inner, status, message):
    path = tmp_path / "report.xml"
    case = f'<testcase classname="c" name="n" time="0.5">{inner}</testcase>'
    path.write_text(f'<testsuites><testsuite name="s">{case}</testsuite></testsuites>')

    [found] = read_junit("report.xml", path)

    assert found == Case("report.xml", "s", "c", "n", status, 500_000_000, message)


def test_a_report_is_what_its_cases_are(tmp_path):
    path = tmp_path / "report.xml"
    path.write_text(ONE)
    [fine] = read_junit("report.xml", path)
    wrong = Case("f", "s", "c", "m", "ERROR", 1, "")

    assert summary([fine, wrong]) == {
        "total": 2,
        "statusCounts": {"SUCCEEDED": 1, "FAILED": 0, "ERROR": 1, "SKIPPED": 0},
        "durationInNanoSeconds": 1_500_000_001,
    }
    assert (report_status([fine]), report_status([fine, wrong])) == ("SUCCEEDED", "FAILED")


@pytest.mark.parametrize("text", ["<html/>", "<testsuite>", "text"])
def test_what_is_no_report(tmp_path, text):
    path = tmp_path / "report.xml"
    path.write_text(text)

    with pytest.raises(PhaseError, match=r"report\.xml is no JUnit XML"):
        list(read_junit("report.xml", path))
