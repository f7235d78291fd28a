"""The project, the machine that a command runs on, and the twin."""

from fairway.errors.base import FairwayError


class ProjectFileError(FairwayError):
    """A member of `project.json`, or a setting of the environment, is missing or wrong."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}.")


class UnknownCloudError(FairwayError):
    """`CLOUD` names neither the twin nor AWS."""

    def __init__(self, value: str) -> None:
        super().__init__(f"CLOUD is {value!r}: `twin` (the local AWS, the default) or `aws` is expected.")


class UnknownEnvironmentError(FairwayError):
    """A command names an environment that the project does not have."""

    def __init__(self, name: str, known: list[str]) -> None:
        expected = ", ".join(known) or "none yet"
        super().__init__(
            f"There is no environment {name!r}: expected one of {expected} "
            "(a folder below terraform/environments and an account in project.json make one)."
        )


class ToolMissingError(FairwayError):
    """A program that the command needs is not installed, or too old."""

    def __init__(self, tool: str, found: str | None, wanted: str, remedy: str) -> None:
        have = f"{tool} {found} was found" if found else f"{tool} was not found on PATH"
        super().__init__(f"{have}: {wanted} is needed. {remedy}")


class TwinDownError(FairwayError):
    """A command needs the twin, and it does not answer."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"The twin does not answer on {endpoint}: `make up` starts it.")


class TwinStartError(FairwayError):
    """The twin's process ended, or did not get ready in time, at start."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The twin did not start: {reason}")


class GitError(FairwayError):
    """A Git command failed."""

    def __init__(self, arguments: tuple[str, ...], message: str) -> None:
        self.message = message
        super().__init__(f"git {arguments[0]} failed: {message}")


class PortTakenError(FairwayError):
    """Something else listens where the twin is to listen."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} of 127.0.0.1 is taken: end what listens there, or give the twin another port.")


class CheckoutError(FairwayError):
    """The checkout is not in a state in which the command can use it."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem[0].upper()}{problem[1:]}.")


class OnlyOnTheTwinError(FairwayError):
    """A command that compares what only the twin records, asked of AWS."""

    def __init__(self, command: str, instead: str) -> None:
        super().__init__(f"`make {command}` reads the twin's record: {instead}.")
