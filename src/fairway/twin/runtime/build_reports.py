"""Test reports: JUnit XML read into CodeBuild's test cases.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_TestCase.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from fairway.twin.runtime.build_failures import CLIENT_ERROR, PhaseError

SUCCEEDED, FAILED, ERROR, SKIPPED = "SUCCEEDED", "FAILED", "ERROR", "SKIPPED"
_STATUSES = {"failure": FAILED, "error": ERROR, "skipped": SKIPPED}
_MESSAGE_LENGTH = 5_000


@dataclass(frozen=True)
class Case:
    """One test of a report."""

    file: str
    suite: str
    prefix: str
    name: str
    status: str
    nanoseconds: int
    message: str


def read_junit(name: str, path: Path) -> Iterator[Case]:
    """Yield the test cases of a file of JUnit XML; raise PhaseError for what is none."""
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 -- the build may harm nobody but itself with its own file
    except ElementTree.ParseError as error:
        raise PhaseError(CLIENT_ERROR, f"the report file {name} is no JUnit XML: {error}") from error
    if root.tag not in ("testsuite", "testsuites"):
        raise PhaseError(CLIENT_ERROR, f"the report file {name} is no JUnit XML: it begins with <{root.tag}>")
    suites = [root] if root.tag == "testsuite" else list(root.iter("testsuite"))
    for suite in suites:
        for case in suite.findall("testcase"):
            yield _case(name, suite.get("name", ""), case)


def _case(file: str, suite: str, case: ElementTree.Element) -> Case:
    outcome = next((child for child in case if child.tag in _STATUSES), None)
    message = "" if outcome is None else "\n".join(filter(None, (outcome.get("message"), outcome.text)))
    return Case(
        file=file,
        suite=suite,
        prefix=case.get("classname", ""),
        name=case.get("name", ""),
        status=SUCCEEDED if outcome is None else _STATUSES[outcome.tag],
        nanoseconds=round(float(case.get("time") or 0) * 1e9),
        message=message[:_MESSAGE_LENGTH],
    )


def summary(cases: Sequence[Case]) -> dict[str, object]:
    """Return CodeBuild's testSummary of the cases of a report."""
    counts = Counter(case.status for case in cases)
    return {
        "total": len(cases),
        "statusCounts": {status: counts[status] for status in (*_STATUSES.values(), SUCCEEDED)},
        "durationInNanoSeconds": sum(case.nanoseconds for case in cases),
    }


def report_status(cases: Iterable[Case]) -> str:
    """Return what the cases make of their report."""
    return FAILED if any(case.status in (FAILED, ERROR) for case in cases) else SUCCEEDED
