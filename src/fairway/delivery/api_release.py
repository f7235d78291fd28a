"""Bring a published version of the inference API into service by CodeDeploy, and know how that ended.

Terraform publishes versions and cannot start deployments. Interrupted at any moment, the next run goes on: a deployment
that is under way is followed, and none is begun where the alias is at the published version already.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fairway.delivery import access
from fairway.errors import ApiDeploymentError, AwsCallError
from fairway.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient

Listener = Callable[[str], None]
UNDER_WAY = ("Created", "Queued", "InProgress", "Baking", "Ready")
POLL_SECONDS = 5.0


@dataclass(frozen=True)
class Release:
    """What the module inference-api says of a deployment: where it belongs, the alias, the wanted version, the hook."""

    application: str
    group: str
    function: str
    alias: str
    version: str
    hook: str

    def app_spec(self, current: str) -> str:
        """Return the AppSpec file that brings the alias from its version to the wanted one."""
        properties = {
            "Name": self.function,
            "Alias": self.alias,
            "CurrentVersion": current,
            "TargetVersion": self.version,
        }
        resource = {self.function: {"Type": "AWS::Lambda::Function", "Properties": properties}}
        return json.dumps({"version": 0.0, "Resources": [resource], "Hooks": [{"BeforeAllowTraffic": self.hook}]})


@dataclass(frozen=True)
class Clients:
    """The services that are asked, and how long is waited in between."""

    codedeploy: "CodeDeployClient"
    functions: "LambdaClient"
    logs: "CloudWatchLogsClient"
    pause: Callable[[], None]


def release(settings: Settings, environment: str, outputs: Mapping[str, Any], listen: Listener) -> None:
    """Bring the API that an apply published into service, if the environment has one; as the deploy role.

    Raises `ApiDeploymentError` where CodeDeploy did not, and brought the version before back.
    """
    deployment = outputs.get("api_deployment")
    if deployment is None:
        return
    variables = access.deploy_variables(settings, f"api-{environment}")
    account = settings.project.accounts[environment]
    if account != settings.project.account:
        variables = access.account_variables(settings, variables, account, "deploy", f"api-{environment}")
    clients = Clients(
        access.client(settings, "codedeploy", variables),
        access.client(settings, "lambda", variables),
        access.client(settings, "logs", variables),
        # Where time is scaled, so is the waiting.
        lambda: time.sleep(0.2 if access.is_local(settings) else POLL_SECONDS),
    )
    try:
        shift(clients, Release(**deployment), listen)
    except (ClientError, BotoCoreError) as error:
        raise AwsCallError("the deployment of the API", str(error)) from error


def shift(clients: Clients, wanted: Release, listen: Listener) -> None:
    """Shift the alias to the wanted version, unless it is there; raise `ApiDeploymentError` if that failed."""
    running = clients.codedeploy.list_deployments(
        applicationName=wanted.application,
        deploymentGroupName=wanted.group,
        includeOnlyStatuses=list(UNDER_WAY),  # type: ignore[arg-type] # the stubs want literals
    )["deployments"]
    for deployment in running:
        _follow(clients, deployment, wanted, listen)  # how it ends is seen by where the alias is then
    current = clients.functions.get_alias(FunctionName=wanted.function, Name=wanted.alias)["FunctionVersion"]
    if current == wanted.version:
        return
    content = wanted.app_spec(current)
    deployment = clients.codedeploy.create_deployment(
        applicationName=wanted.application,
        deploymentGroupName=wanted.group,
        description=f"Version {wanted.version} after {current}",
        revision={
            "revisionType": "AppSpecContent",
            "appSpecContent": {"content": content, "sha256": hashlib.sha256(content.encode()).hexdigest()},
        },
    )["deploymentId"]
    ended = _follow(clients, deployment, wanted, listen)
    if ended["status"] == "Succeeded":
        return
    back = ended.get("rollbackInfo", {}).get("rollbackDeploymentId")
    restored = back is not None and _follow(clients, back, wanted, listen)["status"] == "Succeeded"
    why = _why(clients, deployment, ended, wanted)
    raise ApiDeploymentError(wanted.function, wanted.version, why, current if restored else None)


def _follow(clients: Clients, deployment: str, wanted: Release, listen: Listener) -> Mapping[str, Any]:
    """Wait for the end of a deployment, say what is new on the way, and return its description."""
    said = ""
    while True:
        told = clients.codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        target = _target(clients, deployment, wanted)
        now = _progress(deployment, told, target)
        if now != said:
            listen(now)
            said = now
        if told["status"] not in UNDER_WAY:
            return told
        clients.pause()


def _target(clients: Clients, deployment: str, wanted: Release) -> Mapping[str, Any]:
    answer = clients.codedeploy.get_deployment_target(deploymentId=deployment, targetId=wanted.function)
    return answer["deploymentTarget"].get("lambdaTarget", {})


def _progress(deployment: str, told: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    info = target.get("lambdaFunctionInfo", {})
    events = [event for event in target.get("lifecycleEvents", ()) if event["status"] == "InProgress"]
    at = f", {events[0]['lifecycleEventName']}" if events else ""
    share = round(100 * info.get("targetVersionWeight", 0.0))
    version = info.get("targetVersion", "?")
    return f"{deployment} is {told['status']}{at}: version {version} gets {share} % of the API's requests"


def _why(clients: Clients, deployment: str, ended: Mapping[str, Any], wanted: Release) -> str:
    """Return the lifecycle event that failed, CodeDeploy's reason, and the hook's own where it gave one."""
    events = _target(clients, deployment, wanted).get("lifecycleEvents", ())
    failed = [event["lifecycleEventName"] for event in events if event["status"] == "Failed"]
    at = f" at {failed[0]}" if failed else ""
    error = ended.get("errorInformation", {})
    sentences = [f"{deployment} {ended['status']}{at} ({error.get('code', 'no code')}): {error.get('message', '')}"]
    if failed == ["BeforeAllowTraffic"]:
        sentences += _verdicts(clients.logs, wanted.hook, deployment)
    return " ".join(sentences)


def _verdicts(logs: "CloudWatchLogsClient", hook: str, deployment: str) -> list[str]:
    """Return what the hook wrote of a deployment that it refused."""
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{hook}", filterPattern=f'"{deployment}"')["events"]
    except ClientError:
        return [f"The log group /aws/lambda/{hook} could not be read."]
    found = []
    for event in events:
        try:
            line = json.loads(event.get("message", ""))
        except ValueError:
            continue
        if line.get("problem"):
            found.append(f"The hook says: {line['problem']}.")
    return found
