"""The forge, its pull requests, and promotion by them."""

from fairway.errors.base import FairwayError


class ForgeError(FairwayError):
    """The forge (GitHub, or a local repository) did not do what it was asked."""

    def __init__(self, forge: str, problem: str) -> None:
        super().__init__(f"{forge}: {problem}.")


class ForgeSettingError(FairwayError):
    """What chooses the forge, or gives access to it, is missing or wrong."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}.")


class ForgeCredentialsError(ForgeError):
    """The forge does not know who calls."""


class ForgeForbiddenError(ForgeError):
    """The forge knows who calls, and does not let them."""


class ForgeNotFoundError(ForgeError):
    """The forge has no such thing, or hides it from who calls."""


class ForgeRefusedError(ForgeError):
    """The forge understood, and refused."""


class ForgeRateLimitError(ForgeError):
    """The forge was asked too much in too little time."""


class ForgeUnreachableError(ForgeError):
    """The forge does not answer."""


class ForgeRaceError(ForgeError):
    """Somebody else did the same at the same moment, and was first."""


class MergeConflictError(ForgeError):
    """A pull request cannot be merged as it is."""

    def __init__(self, forge: str, number: int, base: str, files: list[str]) -> None:
        what = f" ({', '.join(files)})" if files else ""
        super().__init__(
            forge,
            f"pull request #{number} conflicts with {base}{what}: what it started from was changed since; make the "
            "promotion again, which brings the pull request up to date, or close it",
        )


class PromotionRefusedError(FairwayError):
    """A release may not go where it was asked to go."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} is refused: {reason}.")


class PromotionLostError(FairwayError):
    """Two promotions to one environment at once: the other one won."""

    def __init__(self, environment: str, winner: str) -> None:
        super().__init__(
            f"Another promotion to {environment} got there first ({winner}): look at it; if this one is still wanted, "
            "merge or close that one and run this again."
        )


class ReleaseNotRunningError(FairwayError):
    """An environment does not run, or not well, the release that its file names."""

    def __init__(self, environment: str, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__(f"{environment} does not verifiably run its release: {'; '.join(reasons)}.")


class PromotionRuleError(FairwayError):
    """A pull request changes a release file in a way that is no promotion."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("This is no promotion.\n" + "\n".join(f"- {problem}." for problem in problems))


class NothingPromotedError(FairwayError):
    """The rehearsal expected a release to promote, and there was none."""

    def __init__(self, source: str, target: str) -> None:
        super().__init__(f"There was nothing to promote from {source or 'nowhere'} to {target}.")
