"""What is said in the container: by jobs, to the operator, and by serving, to clients."""

from fairway.errors.base import FairwayError


class ContainerUsageError(FairwayError):
    """The image was started with an argument that it does not know."""

    exit_code = 2

    def __init__(self, given: list[str], expected: list[str]) -> None:
        came = " ".join(given) or "none"
        super().__init__(f"The container takes one argument, one of {', '.join(expected)}; it was given: {came}.")


class ContainerSettingError(FairwayError):
    """An environment variable or a configuration file of a container is missing or wrong."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"The container's setting {name} {problem}.")


class ModelOnOneHostError(FairwayError):
    """A model that trains on one host was given several."""

    def __init__(self, hosts: int) -> None:
        super().__init__(
            f"The training job has {hosts} instances, and the model trains on one: it exports no `meet` "
            "(src/model/README.md). Set instance_count of the training job to 1, or export one."
        )


class JobInputMissingError(FairwayError):
    """A job was started without data that it needs."""

    def __init__(self, name: str, path: object) -> None:
        super().__init__(f"The input {name!r} holds no file at {path}: look at the S3 address that the job was given.")


class JobOutputMissingError(FairwayError):
    """The fork's code ended well and left nothing."""

    def __init__(self, task: str, path: object) -> None:
        super().__init__(f"The model's {task} left no file at {path}: src/model/README.md says what it has to write.")


class NotShardableError(FairwayError):
    """The fork's model prepares on one instance only, and was given several."""

    def __init__(self, hosts: int) -> None:
        super().__init__(
            f"The job has {hosts} instances and this model prepares on one: src/model exports no prepare_shard "
            "and join (src/model/README.md). Set jobs.processing.instance_count to 1."
        )


class ShardEmptyError(FairwayError):
    """A host of a processing job was given none of the files that the hosts share."""

    def __init__(self, host: str, hosts: int, files: int) -> None:
        super().__init__(
            f"The host {host} has none of the {files} files that {hosts} hosts share: each needs one at least. Set "
            f"jobs.processing.instance_count to {files} at most, or cut the raw files smaller."
        )


class ShardMissingError(FairwayError):
    """The hosts of a processing job did not all leave what is joined."""

    def __init__(self, path: object) -> None:
        super().__init__(f"No host has left its lineage below {path}: the step that prepares has to have run before.")


class ArtifactUnreadableError(FairwayError):
    """A model artifact is no archive that may be unpacked."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"The model artifact {path} cannot be unpacked: {reason}. A model.tar.gz of a training job is expected."
        )


class ArtifactWithoutLineageError(FairwayError):
    """A model artifact does not say what it was made from."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"The model artifact {path} holds no lineage.json: only what this project's train job wrote is evaluated."
        )


class ChampionError(FairwayError):
    """The champion cannot be measured by the code that measures the candidate."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The champion could not be evaluated by this code: {reason} If the artifact's format was meant to change, "
            "start the workflow with `champion: null`: the thresholds alone decide then."
        )


class ModelNotServableError(FairwayError):
    """The serving container found no model that loads and answers."""

    def __init__(self, directory: object, reason: str) -> None:
        super().__init__(f"The model in {directory} cannot be served: {reason}")


class RequestError(FairwayError):
    """A request to the serving container that the client has to change; `status` is the HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)
