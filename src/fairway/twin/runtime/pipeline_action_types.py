"""The action types that the twin runs: their configuration and artifacts.

https://docs.aws.amazon.com/codepipeline/latest/userguide/structure-configuration-examples.html and, for the numbers of
artifacts and the limits of time, …/reference-action-artifacts.html and …/limits.html
"""

from dataclasses import dataclass

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True)
class ActionType:
    """What an action of one provider is made of; `refused` are keys that AWS has and the twin does not."""

    categories: tuple[str, ...]
    provider: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    inputs: tuple[int, int] = (0, 0)
    outputs: tuple[int, int] = (0, 0)
    timeout_seconds: int = HOUR


SOURCE = ActionType(
    ("Source",),
    "CodeStarSourceConnection",
    ("ConnectionArn", "FullRepositoryId", "BranchName"),
    ("OutputArtifactFormat", "DetectChanges"),
    outputs=(1, 1),
)
BUILD = ActionType(
    ("Build", "Test"),
    "CodeBuild",
    ("ProjectName",),
    ("PrimarySource", "EnvironmentVariables"),
    ("BatchEnabled", "CombineArtifacts", "BuildspecOverride"),
    inputs=(1, 5),
    outputs=(0, 5),
    timeout_seconds=36 * HOUR,
)
WORKFLOW = ActionType(
    ("Invoke",),
    "StepFunctions",
    ("StateMachineArn",),
    ("ExecutionNamePrefix", "InputType", "Input"),
    inputs=(0, 1),
    outputs=(0, 1),
    timeout_seconds=7 * DAY,
)
APPROVAL = ActionType(
    ("Approval",),
    "Manual",
    (),
    ("NotificationArn", "CustomData", "ExternalEntityLink"),
    timeout_seconds=7 * DAY,
)
ACTION_TYPES = (SOURCE, BUILD, WORKFLOW, APPROVAL)

# What AWS has too, by category and provider; the twin refuses these by name, and all else as AWS does.
OF_AWS_ONLY = {
    "Source": ("S3", "ECR", "CodeCommit", "GitHub"),
    "Build": ("ECRBuildAndPublish", "Jenkins"),
    "Test": ("DeviceFarm",),
    "Deploy": (
        *("S3", "CloudFormation", "CloudFormationStackSet", "CloudFormationStackInstances", "CodeDeploy", "ECS"),
        *("CodeDeployToECS", "ElasticBeanstalk", "OpsWorks", "ServiceCatalog", "AppConfig", "Alexa", "Lambda", "EC2"),
        "EKS",
    ),
    "Invoke": ("Lambda", "CodePipeline", "InspectorScan"),
    "Compute": ("Commands",),
}


def find(category: str, provider: str) -> ActionType | None:
    """Return the action type, or None."""
    return next((one for one in ACTION_TYPES if category in one.categories and one.provider == provider), None)
