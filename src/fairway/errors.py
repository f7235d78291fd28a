"""What can go wrong, one class for each situation; each builds its own sentence: what, which, what was expected, what to do.

FairwayError
"""


class FairwayError(Exception):
    """Base of all that fairway reports to a person in one sentence; `exit_code` is what the process ends with."""

    exit_code = 1
