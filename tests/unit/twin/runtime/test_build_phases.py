"""Which phase follows which: the transitions of CodeBuild's user guide as a table."""

import pytest

from fairway.twin.runtime.build_phases import PHASES, Ended, build_status, following

OK, BAD = "SUCCEEDED", "FAILED"


def course(failing, status=BAD, on_failure=None):
    """Return the phases of a build in which one phase ends differently from the others."""
    phase: str | None = PHASES[0]
    ended = []
    while phase:
        differs = phase == failing
        ended.append(Ended(phase, status if differs else OK, on_failure if differs else None))
        phase = following(ended[-1])
    return ended


@pytest.mark.parametrize(
    ("failing", "status", "on_failure", "skipped", "result"),
    [
        (None, OK, None, [], OK),
        ("QUEUED", BAD, None, PHASES[2:10], BAD),
        ("PROVISIONING", BAD, None, PHASES[3:10], BAD),
        ("DOWNLOAD_SOURCE", BAD, None, PHASES[4:9], BAD),
        ("INSTALL", BAD, None, PHASES[5:9], BAD),
        ("PRE_BUILD", BAD, None, PHASES[6:9], BAD),
        ("BUILD", BAD, None, [], BAD),
        ("POST_BUILD", BAD, None, [], BAD),
        ("UPLOAD_ARTIFACTS", BAD, None, [], BAD),
        ("INSTALL", BAD, "CONTINUE", [], OK),
        ("BUILD", BAD, "CONTINUE", [], OK),
        ("BUILD", BAD, "ABORT", PHASES[7:9], BAD),
        ("BUILD", BAD, "RETRY", PHASES[7:9], BAD),
        ("POST_BUILD", BAD, "ABORT", PHASES[8:9], BAD),
        ("QUEUED", "TIMED_OUT", None, PHASES[2:10], "TIMED_OUT"),
        ("BUILD", "TIMED_OUT", None, PHASES[7:9], "TIMED_OUT"),
        ("BUILD", "STOPPED", None, PHASES[7:10], "STOPPED"),
        ("DOWNLOAD_SOURCE", "FAULT", None, PHASES[4:9], "FAULT"),
        ("FINALIZING", BAD, None, [], BAD),
    ],
)
def test_transitions(failing, status, on_failure, skipped, result):
    ended = course(failing, status, on_failure)

    assert [one.phase for one in ended] == [phase for phase in PHASES if phase not in skipped]
    assert build_status(ended) == result


def test_a_later_failure_is_one_though_an_earlier_phase_said_continue():
    ended = [Ended("INSTALL", BAD, "CONTINUE"), Ended("BUILD", BAD)]

    assert build_status(ended) == BAD
