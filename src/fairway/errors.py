"""What can go wrong, one class for each situation.

Each builds its own sentence: what happened, which thing, what was expected, what to do.

FairwayError
"""


class FairwayError(Exception):
    """Base of all that fairway reports to a person in one sentence; `exit_code` is what the process ends with."""

    exit_code = 1


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


class TerraformError(FairwayError):
    """Terraform ended with an error; its own message is the reason."""

    def __init__(self, root: str, command: str, message: str, code: int = 1) -> None:
        self.root, self.command, self.message, self.code = root, command, message, code
        super().__init__(f"terraform {command} of {root} failed: {message}")


class StateLockedError(TerraformError):
    """Another Terraform holds the lock on a root's state."""

    def __init__(self, root: str, command: str, *, owner: str, operation: str, created: str, lock_id: str) -> None:
        self.owner, self.operation, self.created, self.lock_id = owner, operation, created, lock_id
        super().__init__(
            root,
            command,
            f"its state is locked by {owner} ({operation}, since {created}). Wait for that to end; if it is surely "
            f"dead, `make unlock ENV={root} LOCK={lock_id}`.",
        )


class TerraformDiedError(TerraformError):
    """Terraform, or its provider, was killed in the middle of its work."""

    def __init__(self, root: str, command: str, how: str) -> None:
        super().__init__(
            root,
            command,
            f"{how}, and what it had begun may go on without it. Run this again (on AWS, from `make plan ENV={root}`): "
            "what it made is found, and if it left the state locked, you are told how to break the lock.",
        )


class PlanStaleError(TerraformError):
    """What a plan was made from has changed since; Terraform has done nothing."""

    def __init__(self, root: str, command: str) -> None:
        super().__init__(
            root, command, f"the state changed after the plan was made; look at a new one: `make plan ENV={root}`."
        )


class PlanMissingError(FairwayError):
    """Where an approval is wanted, only a plan that was looked at is applied."""

    def __init__(self, root: str) -> None:
        super().__init__(f"There is no plan of {root} to apply: `make plan ENV={root}` writes one to look at first.")


class TwinDownError(FairwayError):
    """A command needs the twin, and it does not answer."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"The twin does not answer on {endpoint}: `make up` starts it.")


class TwinStartError(FairwayError):
    """The twin's process ended, or did not get ready in time, at start."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The twin did not start: {reason}")


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


class TrainingFailedError(FairwayError):
    """The training workflow ended without a registered model."""

    def __init__(self, execution: str, error: str, cause: str) -> None:
        self.error, self.cause = error, cause
        super().__init__(f"The training workflow {execution} ended with {error}: {cause}")


class NoReleaseError(FairwayError):
    """A command needs an endpoint, and the environment runs no release."""

    def __init__(self, environment: str) -> None:
        super().__init__(
            f"{environment} runs no release, hence has no endpoint: `make train release apply ENV={environment}`."
        )


class NotProvisionedError(FairwayError):
    """A command needs what Terraform has not made yet."""

    def __init__(self, root: str, remedy: str) -> None:
        super().__init__(f"{root} is not provisioned: {remedy}.")


class AwsCallError(FairwayError):
    """A call to AWS was refused."""

    def __init__(self, operation: str, message: str) -> None:
        super().__init__(f"AWS refused {operation}: {message}")


class WrongAccountError(FairwayError):
    """A command that starts at home was called with another account's credentials."""

    def __init__(self, found: str, home: str) -> None:
        super().__init__(
            f"These credentials are of account {found}: commands start in delivery's account, {home} in project.json, "
            "and enter the others from there."
        )


class ForeignAccountError(FairwayError):
    """Bootstrap was called with credentials of an account that has nothing to do with the project."""

    def __init__(self, found: str, accounts: dict[str, str]) -> None:
        known = ", ".join(f"{name} {account}" for name, account in accounts.items())
        super().__init__(
            f"These credentials are of account {found}, which project.json does not name ({known}): use those of "
            "an account to bootstrap."
        )


class HomeFirstError(FairwayError):
    """An account was to be bootstrapped which delivery's does not know."""

    def __init__(self, account: str, home: str) -> None:
        super().__init__(
            f"Account {account} is not known at home: `make bootstrap` with this project.json and credentials of "
            f"account {home} comes first."
        )


class AccountClosedError(FairwayError):
    """An environment's account does not let in whoever comes from home."""

    def __init__(self, environment: str, account: str, role: str, message: str) -> None:
        super().__init__(
            f"{environment}'s account {account} cannot be entered as {role}: either you may not, or it is not "
            f"bootstrapped (`make bootstrap` with credentials of that account). AWS says: {message}"
        )


class NotRegisteredError(FairwayError):
    """The model registry does not hold what a release needs."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The model registry: {problem}.")


class CommitMissingError(FairwayError):
    """The checkout has no commit to trace an artifact to."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Training records the commit of its code, and Git knows none here ({reason}): commit first.")


class WrongAnswerError(FairwayError):
    """An endpoint answers, but not what its release recorded."""

    def __init__(self, endpoint: str, wanted: object, actual: object) -> None:
        super().__init__(
            f"The endpoint {endpoint} answers the golden requests of its release with {str(actual)[:300]}, "
            f"but {str(wanted)[:300]} was recorded when the model was evaluated."
        )


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


class BaseImageError(FairwayError):
    """On AWS the base of an image is content, not a name that moves."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"The base image {given!r} is not named by digest: expected <repository>@sha256:<64 hexadecimal digits>, "
            "as `docker buildx imagetools inspect python:3.11-slim-bookworm` prints it."
        )


class ImageSourceError(FairwayError):
    """A checkout does not hold what the image is made of."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"The image cannot be built: {path} {problem}.")


class ImagePushError(FairwayError):
    """The image repository did not take the image."""

    def __init__(self, repository: str, reason: str) -> None:
        super().__init__(f"The image could not be pushed to {repository}: {reason}.")


class DockerError(FairwayError):
    """A docker command failed; its own last words are the reason."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"docker {command} failed: {reason}")


class ImageCheckError(FairwayError):
    """`make image-check` cannot run, or found the image wanting."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"image-check: {problem}.")


class GitError(FairwayError):
    """A Git command failed."""

    def __init__(self, arguments: tuple[str, ...], message: str) -> None:
        self.message = message
        super().__init__(f"git {arguments[0]} failed: {message}")


class DriftAfterApplyError(FairwayError):
    """Right after an apply, Terraform wants to change something again."""

    def __init__(self, root: str, plan: str) -> None:
        super().__init__(f"{root} was applied, and Terraform still plans changes:\n{plan}")


class PortTakenError(FairwayError):
    """Something else listens where the twin is to listen."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} of 127.0.0.1 is taken: end what listens there, or give the twin another port.")


class RequestFileError(FairwayError):
    """A file that was to be sent as a request cannot be."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"The request file {path}: {problem}.")


class CheckoutError(FairwayError):
    """The checkout is not in a state in which the command can use it."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem[0].upper()}{problem[1:]}.")


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


class EvaluationError(FairwayError):
    """An evaluation.json is not what the evaluation job writes."""

    def __init__(self, where: str, member: str, problem: str) -> None:
        super().__init__(f"The evaluation {where}: `{member}`: {problem}.")


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


class NothingPromotedError(FairwayError):
    """The rehearsal expected a release to promote, and there was none."""

    def __init__(self, source: str, target: str) -> None:
        super().__init__(f"There was nothing to promote from {source or 'nowhere'} to {target}.")


class RolloutsError(FairwayError):
    """Rollouts did not end as they should, or could not be tried."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class AlarmsNotQuietError(FairwayError):
    """Alarms ring although nothing bad is deployed."""

    def __init__(self, alarms: list[str], reason: str) -> None:
        super().__init__(f"The alarms {', '.join(alarms)} still ring although a good release runs: {reason}")


class PlanNotApprovedError(FairwayError):
    """What is to be applied is not the plan that was looked at."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"This is not the plan that was approved: {problem}. Nothing was applied; start the pipeline again."
        )


class LeftBehindError(FairwayError):
    """A pipeline runs an old commit, and what it would do would undo what was merged since."""

    def __init__(self, environment: str, commit: str, newest: str, since: str) -> None:
        super().__init__(
            f"Commit {commit[:12]} is not what {environment} is to run any more: {since} (commit {newest[:12]}). "
            "Nothing was done: the pipeline runs by itself for what is newer."
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


class OnlyOnTheTwinError(FairwayError):
    """A command that compares what only the twin records, asked of AWS."""

    def __init__(self, command: str, instead: str) -> None:
        super().__init__(f"`make {command}` reads the twin's record: {instead}.")


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


class ImageNotByDigestError(FairwayError):
    """The training workflow is given an image whose name may come to mean another one."""

    def __init__(self, image: str) -> None:
        super().__init__(
            f"IMAGE is {image!r}: an address by digest (…@sha256:…) is expected; `make image` writes it to build/image."
        )


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


class TransformFailedError(FairwayError):
    """The batch workflow ended without predictions."""

    def __init__(self, execution: str, error: str, cause: str) -> None:
        self.error, self.cause = error, cause
        super().__init__(f"The batch workflow {execution} ended with {error}: {cause}")


class NeedsError(FairwayError):
    """What advice was asked for cannot be."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"{name} is {value!r}: {expected} is expected.")
