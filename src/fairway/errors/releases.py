"""What pins releases, and what they were made from."""

from fairway.errors.base import FairwayError


class ReleaseError(FairwayError):
    """A release file breaks the grammar of releases."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}.")


class ArtifactMismatchError(FairwayError):
    """What lies at a release's address is not what the release pinned."""

    def __init__(self, url: str, wanted: str, actual: str) -> None:
        super().__init__(
            f"The artifact {url} has the SHA-256 {actual}, but release.json pins {wanted}: the object was replaced "
            "or the release was edited by hand. Pin a registered model package again (`make release`), or restore it."
        )


class ArtifactMissingError(FairwayError):
    """What a release names is not there."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"The artifact {url} of release.json cannot be read ({reason}): pin one that exists.")


class NoReleaseError(FairwayError):
    """A command needs an endpoint, and the environment runs no release."""

    def __init__(self, environment: str) -> None:
        super().__init__(
            f"{environment} runs no release, hence has no endpoint: `make train release apply ENV={environment}`."
        )


class NotRegisteredError(FairwayError):
    """The model registry does not hold what a release needs."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The model registry: {problem}.")


class CommitMissingError(FairwayError):
    """The checkout has no commit to trace an artifact to."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Training records the commit of its code, and Git knows none here ({reason}): commit first.")


class EvaluationError(FairwayError):
    """An evaluation.json is not what the evaluation job writes."""

    def __init__(self, where: str, member: str, problem: str) -> None:
        super().__init__(f"The evaluation {where}: `{member}`: {problem}.")
