"""Deployments as they are stored: the members of DeploymentInfo, and beside them the one target that each has."""

import hashlib
import secrets
import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.shift_spec import AFTER, ALLOW, BEFORE, AppSpec
from fairway.twin.store import Resource

if TYPE_CHECKING:
    from fairway.twin.context import Twin

DEPLOYMENT = "CodeDeployDeployment"
TARGET = "target"  # the member that no answer shows as it is
ENDED = ("Succeeded", "Failed", "Stopped")
_ALPHABET = string.ascii_uppercase + string.digits
_STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}


def group_arn(account: str, region: str, application: str, group: str) -> str:
    """Return the ARN of a deployment group."""
    return f"arn:aws:codedeploy:{region}:{account}:deploymentgroup:{application}/{group}"


def record(twin: "Twin", place: tuple[str, str], given: Mapping[str, Any], text: str, spec: AppSpec) -> Resource:
    """Store a deployment of an AppSpec file in an account and region."""
    account, region = place
    identity = "d-" + "".join(secrets.choice(_ALPHABET) for _ in range(9))
    content = {"content": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    now = twin.clock.now()
    attributes = {
        **given,
        "deploymentId": identity,
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": content},
        "status": "Created",
        "createTime": now,
        "computePlatform": "Lambda",
        "deploymentStyle": _STYLE,
        TARGET: {
            "deploymentId": identity,
            "targetId": spec.function,
            "targetArn": f"arn:aws:lambda:{region}:{account}:function:{spec.function}:{spec.alias}",
            "status": "Pending",
            "lastUpdatedAt": now,
            "lambdaFunctionInfo": _function_info(spec, 0.0),
            "lifecycleEvents": [
                {"lifecycleEventName": name, "status": "Pending"}
                for name in (BEFORE, ALLOW, AFTER)
                if name == ALLOW or name in spec.hooks
            ],
        },
    }
    arn = f"arn:aws:codedeploy:{region}:{account}:deployment:{identity}"
    deployment = Resource(DEPLOYMENT, account, region, identity, arn, attributes)
    twin.store.add(deployment)
    return deployment


def _function_info(spec: AppSpec, weight: float) -> dict[str, Any]:
    return {
        "functionName": spec.function,
        "functionAlias": spec.alias,
        "currentVersion": spec.current,
        "targetVersion": spec.target,
        "targetVersionWeight": weight,
    }


def update_target(twin: "Twin", deployment: Resource, **members: Any) -> None:
    """Change members of a deployment's target."""
    target = {**deployment.attributes[TARGET], "lastUpdatedAt": twin.clock.now(), **members}
    twin.store.update(deployment, **{TARGET: target})


def set_weight(twin: "Twin", deployment: Resource, spec: AppSpec, percent: int) -> None:
    """Note how much of the traffic the new version has."""
    update_target(twin, deployment, lambdaFunctionInfo=_function_info(spec, percent / 100))


def set_event(twin: "Twin", deployment: Resource, name: str, status: str, message: str | None = None) -> None:
    """Note how a lifecycle event goes."""
    now = twin.clock.now()
    changed: dict[str, Any] = {"status": status}
    changed |= {"startTime": now} if status == "InProgress" else {"endTime": now}
    if message is not None:
        changed["diagnostics"] = {"errorCode": "UnknownError", "message": message}
    events = deployment.attributes[TARGET]["lifecycleEvents"]
    update_target(
        twin, deployment, lifecycleEvents=[e | changed if e["lifecycleEventName"] == name else e for e in events]
    )


def active(twin: "Twin", group: Resource) -> Resource | None:
    """Return the deployment of a group that has not ended, if there is one."""
    for deployment in of_group(twin, group):
        if deployment.attributes["status"] not in ENDED:
            return deployment
    return None


def of_group(twin: "Twin", group: Resource) -> list[Resource]:
    """Return the deployments of a group, in the order of their creation."""
    names = ("applicationName", "deploymentGroupName")
    wanted = [group.attributes[name] for name in names]
    found = twin.store.list(DEPLOYMENT, group.account, group.region)
    return [deployment for deployment in found if [deployment.attributes[name] for name in names] == wanted]
