"""Pipelines and workflows, and their executions."""

from fairway.errors.base import FairwayError


class TrainingFailedError(FairwayError):
    """The training workflow ended without a registered model."""

    def __init__(self, execution: str, error: str, cause: str) -> None:
        self.error, self.cause = error, cause
        super().__init__(f"The training workflow {execution} ended with {error}: {cause}")


class ParameterError(FairwayError):
    """A parameter that a training is to be started with cannot be read."""

    def __init__(self, word: str, problem: str) -> None:
        super().__init__(f"The parameter {word!r} {problem}: NAME=VALUE is expected, such as bad_rows=quarantine.")


class PlanNotApprovedError(FairwayError):
    """What is to be applied is not the plan that was looked at."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"This is not the plan that was approved: {problem}. Nothing was applied; start the pipeline again."
        )


class NothingTrainedError(FairwayError):
    """A step of the model pipeline needs what the training workflow registered, and there is none."""

    def __init__(self, execution: str, status: str) -> None:
        super().__init__(
            f"The execution {execution} is {status}: one that succeeded is expected, whose output names the model."
        )


class ExecutionMissingError(FairwayError):
    """The first environment is to get a release that was trained, and nobody says by which run."""

    def __init__(self, environment: str) -> None:
        super().__init__(
            f"{environment} is the first environment: it gets what a run of the training workflow registered, and "
            "EXECUTION_ARN, which names that run, is not set."
        )


class PipelineEndedError(FairwayError):
    """A pipeline of the rehearsal ended in another way than the story goes."""

    def __init__(self, pipeline: str, commit: str, status: str, wanted: str, why: list[str]) -> None:
        said = "".join(f"\n{line}" for line in why)
        super().__init__(
            f"The pipeline {pipeline} ended {status} for commit {commit[:12]}, {wanted} was expected.{said}"
        )


class PipelineSilentError(FairwayError):
    """A pipeline of the rehearsal was not started, or did not end."""

    def __init__(self, pipeline: str, commit: str, seconds: float, listens: str = "what its trigger names") -> None:
        super().__init__(
            f"The pipeline {pipeline} did not end within {seconds:.0f} s for commit {commit[:12]}. "
            "It listens to pushes to "
            f"{listens}: does the commit change that, and is the connection AVAILABLE (`make connect`)? "
            "`aws codepipeline list-pipeline-executions` and build/twin/twin.log say more."
        )


class NothingProposedError(FairwayError):
    """A pipeline of the rehearsal ended well, and proposed nothing."""

    def __init__(self, environment: str) -> None:
        super().__init__(f"No pull request that brings {environment} a release was opened, though one was expected.")


class SearchError(FairwayError):
    """What the model says is to be searched cannot be."""

    def __init__(self, what: str, told: object) -> None:
        super().__init__(
            f"The model's SEARCH has {what} as {told!r}; expected was an objective {{metric, goal: minimize or "
            "maximize}}, and ranges of {minimum, maximum, scale} or {values} (src/model/README.md)."
        )
