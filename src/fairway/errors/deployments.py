"""What runs, and what it answers."""

from fairway.errors.base import FairwayError


class WrongAnswerError(FairwayError):
    """An endpoint answers, but not what its release recorded."""

    def __init__(self, endpoint: str, wanted: object, actual: object) -> None:
        super().__init__(
            f"The endpoint {endpoint} answers the golden requests of its release with {str(actual)[:300]}, "
            f"but {str(wanted)[:300]} was recorded when the model was evaluated."
        )


class RequestFileError(FairwayError):
    """A file that was to be sent as a request cannot be."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"The request file {path}: {problem}.")


class EndpointConfigurationError(FairwayError):
    """An endpoint runs another configuration than Terraform wanted: it was rolled back."""

    def __init__(self, environment: str, wanted: str, actual: str) -> None:
        super().__init__(f"The endpoint of {environment} runs the configuration {actual}, {wanted} was wanted.")


class DeploymentFailedError(FairwayError):
    """A release was applied, and does not run as it should."""

    def __init__(self, environment: str, why: str, remedy: str) -> None:
        self.why, self.remedy = why, remedy
        super().__init__(f"{environment} does not run what Git wants: {why}\n{remedy}")


class ApiDeploymentError(FairwayError):
    """CodeDeploy did not bring a new version of the inference API into service."""

    def __init__(self, function: str, version: str, why: str, restored: str | None) -> None:
        state = (
            f"Version {restored} answers all requests again."
            if restored is not None
            else "It was not rolled back: see where its alias points before anything else."
        )
        super().__init__(f"Version {version} of {function} did not come into service: {why} {state}")


class FunctionPackageError(FairwayError):
    """A checkout does not hold what the functions are made of."""

    def __init__(self, pattern: object) -> None:
        super().__init__(f"The package of the functions cannot be built: there is no {pattern}.")


class RolloutsError(FairwayError):
    """Rollouts did not end as they should, or could not be tried."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class AlarmsNotQuietError(FairwayError):
    """Alarms ring although nothing bad is deployed."""

    def __init__(self, alarms: list[str], reason: str) -> None:
        super().__init__(f"The alarms {', '.join(alarms)} still ring although a good release runs: {reason}")


class WrongReleaseError(FairwayError):
    """An endpoint answers by another release than the one that it should run."""

    def __init__(self, endpoint: str, wanted: str, actual: str | None) -> None:
        super().__init__(
            f"The endpoint {endpoint} answers by release {actual}, and {wanted} is wanted: "
            "`make status` says what runs."
        )


class AnswerFailedError(FairwayError):
    """An asynchronous endpoint could not answer a request."""

    def __init__(self, endpoint: str, where: str, reason: str) -> None:
        super().__init__(f"The endpoint {endpoint} failed to answer; {where} says why: {reason[:300]}")


class AnswerMissingError(FairwayError):
    """An asynchronous endpoint has answered nothing in time."""

    def __init__(self, endpoint: str, where: str, seconds: float) -> None:
        super().__init__(
            f"The endpoint {endpoint} has not answered at {where} within {seconds:.0f} s: does it have an instance, or "
            "a scaling policy that starts one (autoscaling.min = 0 makes it)?"
        )


class BatchInputError(FairwayError):
    """What is to be transformed cannot be."""

    def __init__(self, where: str, found: str, expected: str) -> None:
        super().__init__(f"INPUT is {where}, and {found}: {expected} is expected.")


class ChallengerIsCurrentError(FairwayError):
    """An environment is to try the release that it runs."""

    def __init__(self, environment: str, version: str) -> None:
        super().__init__(
            f"Version {version} is what {environment} runs: a challenger is another one. Name it by MODEL_PACKAGE, or "
            "register one by `make train`."
        )


class TransformFailedError(FairwayError):
    """The batch workflow ended without predictions."""

    def __init__(self, execution: str, error: str, cause: str) -> None:
        self.error, self.cause = error, cause
        super().__init__(f"The batch workflow {execution} ended with {error}: {cause}")


class NeedUnknownError(FairwayError):
    """Advice was asked for without saying what is needed, where nobody can be asked."""

    def __init__(self, variable: str, question: str) -> None:
        super().__init__(f"{variable} is not set, and there is no terminal to ask at. Its question is: {question}")


class NeedsError(FairwayError):
    """What advice was asked for cannot be."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"{name} is {value!r}: {expected} is expected.")
