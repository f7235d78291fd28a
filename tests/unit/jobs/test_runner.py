import os
import signal

import pytest

from fairway.errors import JobInputMissingError
from fairway.jobs.runner import run_job


def failing(error):
    def job():
        raise error

    return job


def test_a_job_that_ends_well_leaves_no_reason(tmp_path):
    assert run_job(lambda: None, tmp_path / "failure") == 0
    assert not (tmp_path / "failure").exists()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("2013-01.csv lacks the column 'hour'."), "2013-01.csv lacks the column 'hour'."),
        (JobInputMissingError("raw", "/x"), str(JobInputMissingError("raw", "/x"))),
        (KeyError("hour"), "KeyError at test_runner.py:12: 'hour' (the job's log has the traceback)."),
        (
            ModuleNotFoundError("No module named 'torch'"),
            "ModuleNotFoundError at test_runner.py:12: No module named 'torch' ",
        ),
    ],
    ids=["the model's sentence", "our sentence", "a bug", "a missing package"],
)
def test_a_failure_leaves_a_sentence_and_its_traceback_in_the_log(tmp_path, caplog, error, reason):
    assert run_job(failing(error), tmp_path / "output" / "failure") == 1
    assert (tmp_path / "output" / "failure").read_text().startswith(reason)
    assert "Traceback (most recent call last)" in caplog.text


def test_a_reason_is_no_longer_than_sagemaker_keeps(tmp_path):
    run_job(failing(ValueError("x" * 5000)), tmp_path / "failure")
    assert (tmp_path / "failure").read_text() == "x" * 1024


def test_a_reason_that_cannot_be_written_does_not_hide_the_failure(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    assert run_job(failing(ValueError("the real reason")), tmp_path / "file" / "failure") == 1
    assert "the real reason" in caplog.text


def test_sigterm_stops_also_a_job_that_catches_exceptions(tmp_path):
    cleaned = []

    def job():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.sigtimedwait([], 5)
        except Exception:  # noqa: BLE001 -- what a careless model does
            cleaned.append("swallowed")
        finally:
            cleaned.append("cleaned")

    before = signal.getsignal(signal.SIGTERM)
    assert run_job(job, tmp_path / "failure") == 143
    assert cleaned == ["cleaned"]
    assert (tmp_path / "failure").read_text() == "The job was stopped (SIGTERM) before it was done."
    assert signal.getsignal(signal.SIGTERM) is before
