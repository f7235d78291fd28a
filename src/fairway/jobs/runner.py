"""Runs a job as a container does: an exit code, the reason of a failure where SageMaker looks for it, a clean stop."""

import logging
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from fairway.errors import FairwayError

FAILED = 1
STOPPED = 128 + signal.SIGTERM
# SageMaker keeps the first 1,024 characters of a reason.
REASON_LENGTH = 1024

logger = logging.getLogger("fairway.jobs")


class Stopped(BaseException):
    """SIGTERM came. No Exception, so that no `except Exception` of a model swallows it."""


def run_job(job: Callable[[], None], reason_file: Path) -> int:
    """Run `job`; a failure leaves one sentence in `reason_file` and its traceback in the log.

    Returns 0, 1 after a failure, 143 after SIGTERM, which StopTrainingJob and StopProcessingJob send two minutes before
    they kill. Source: "How Amazon SageMaker AI Signals Algorithm Success and Failure" of the developer guide.
    """
    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        job()
    except Stopped:
        return _report("The job was stopped (SIGTERM) before it was done.", reason_file, STOPPED)
    except Exception as error:  # the container's edge: whatever the fork's code raises becomes a reason
        logger.exception("the job failed")
        return _report(reason_of(error), reason_file, FAILED)
    finally:
        signal.signal(signal.SIGTERM, previous)
    return 0


def reason_of(error: Exception) -> str:
    """Return a sentence for a person: the error's own where it was written as one, else what was raised, and where."""
    if isinstance(error, FairwayError | ValueError) and str(error):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}: {error} (the job's log has the traceback)."


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    # Once is enough: a second SIGTERM would interrupt the clean-up that the first one started.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def _report(reason: str, reason_file: Path, code: int) -> int:
    logger.error(reason)
    try:
        reason_file.parent.mkdir(parents=True, exist_ok=True)
        reason_file.write_text(reason[:REASON_LENGTH], encoding="utf-8")
    except OSError:
        # The log and the exit code still tell; a second failure must not hide the first.
        logger.exception("The reason could not be written to %s", reason_file)
    return code
