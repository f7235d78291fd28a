"""What can go wrong, one class for each situation.

Each builds its own sentence: what happened, which thing, what was expected, what to do. All are derived from
FairwayError and imported from here; the tree, by the modules of this package:

checkout: The project, the machine that a command runs on, and the twin.
    ProjectFileError
    UnknownCloudError
    UnknownEnvironmentError
    ToolMissingError
    TwinDownError
    TwinStartError
    GitError
    PortTakenError
    CheckoutError
    OnlyOnTheTwinError

provisioning: Terraform, and the accounts that it provisions.
    TerraformError
        StateLockedError
        TerraformDiedError
        PlanStaleError
    PlanMissingError
    NotProvisionedError
    AwsCallError
    WrongAccountError
    ForeignAccountError
    HomeFirstError
    AccountClosedError
    DriftAfterApplyError
    LeftBehindError

releases: What pins releases, and what they were made from.
    ReleaseError
    ArtifactMismatchError
    ArtifactMissingError
    NoReleaseError
    NotRegisteredError
    CommitMissingError
    EvaluationError

deployments: What runs, and what it answers.
    WrongAnswerError
    RequestFileError
    EndpointConfigurationError
    DeploymentFailedError
    ApiDeploymentError
    FunctionPackageError
    RolloutsError
    AlarmsNotQuietError
    WrongReleaseError
    AnswerFailedError
    AnswerMissingError
    BatchInputError
    ChallengerIsCurrentError
    TransformFailedError
    NeedUnknownError
    NeedsError

container: What is said in the container: by jobs, to the operator, and by serving, to clients.
    ContainerUsageError
    ContainerSettingError
    ModelOnOneHostError
    JobInputMissingError
    JobOutputMissingError
    NotShardableError
    ShardEmptyError
    ShardMissingError
    ArtifactUnreadableError
    ArtifactWithoutLineageError
    ChampionError
    ModelNotServableError
    RequestError

images: Images that are built, pushed and checked.
    BaseImageError
    ImageSourceError
    ImagePushError
    DockerError
    ImageCheckError
    ImageNotByDigestError
    StandInImageError

promotion: The forge, its pull requests, and promotion by them.
    ForgeError
        ForgeCredentialsError
        ForgeForbiddenError
        ForgeNotFoundError
        ForgeRefusedError
        ForgeRateLimitError
        ForgeUnreachableError
        ForgeRaceError
        MergeConflictError
    ForgeSettingError
    PromotionRefusedError
    PromotionLostError
    ReleaseNotRunningError
    PromotionRuleError
    NothingPromotedError

pipelines: Pipelines and workflows, and their executions.
    TrainingFailedError
    ParameterError
    PlanNotApprovedError
    NothingTrainedError
    ExecutionMissingError
    PipelineEndedError
    PipelineSilentError
    NothingProposedError
    SearchError

audit: What roles may do, beside what they did.
    PolicyError
    ReasonsFileError
    AuditError
"""

# ruff: noqa: F403 -- what is imported from here lies where its part is; naming each a second time would help nobody
from fairway.errors.audit import *
from fairway.errors.base import *
from fairway.errors.checkout import *
from fairway.errors.container import *
from fairway.errors.deployments import *
from fairway.errors.images import *
from fairway.errors.pipelines import *
from fairway.errors.promotion import *
from fairway.errors.provisioning import *
from fairway.errors.releases import *
