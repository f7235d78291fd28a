"""The base of what is said to a person."""


class FairwayError(Exception):
    """Base of all that fairway reports to a person in one sentence; `exit_code` is what the process ends with."""

    exit_code = 1
