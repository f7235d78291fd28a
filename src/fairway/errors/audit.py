"""What roles may do, beside what they did."""

from fairway.errors.base import FairwayError


class PolicyError(FairwayError):
    """A policy of a role is written in a way that an audit cannot compare."""

    def __init__(self, role: str, policy: str, statement: str, member: str) -> None:
        super().__init__(
            f"{role}, {policy}/{statement}: {member} grants all that it does not name, so nothing can tell what is "
            f"unused of it; say {member.removeprefix('Not')}."
        )


class ReasonsFileError(FairwayError):
    """The file with the reasons of permissions that nothing uses is not as expected."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}.")


class AuditError(FairwayError):
    """Roles may do more, or less, than they need."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The audit of the roles failed: {problem}.")
