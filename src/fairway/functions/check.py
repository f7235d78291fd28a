"""The hook before traffic: a new version of `predict` answers the release's golden requests, or it gets no traffic.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

import json
import logging
import os
from collections.abc import Mapping
from typing import Any

import boto3

from fairway.functions import golden
from fairway.functions.answers import same_answer
from fairway.functions.logs import say

ROUTE = "POST /predictions"


def check(deployment: Mapping[str, Any], recorded: golden.Golden, lambda_client: Any) -> str | None:
    """Return what is wrong with the version that a deployment brings, or None."""
    function = _function(deployment)
    answer = lambda_client.invoke(
        FunctionName=function["Name"],
        Qualifier=function["TargetVersion"],
        Payload=json.dumps(_event(recorded.request, deployment["deploymentId"])).encode(),
    )
    payload = json.loads(answer["Payload"].read())
    where = f"version {function['TargetVersion']} of {function['Name']}"
    if "FunctionError" in answer:
        return f"{where} raised {payload.get('errorType')}: {payload.get('errorMessage')}"
    if payload["statusCode"] != 200:
        return f"{where} answered {payload['statusCode']}: {payload['body']}"
    if not same_answer(recorded.response, json.loads(payload["body"])):
        return f"{where} answers the golden requests otherwise than recorded"
    return None


def _function(deployment: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the properties of the one function in a deployment's AppSpec file."""
    spec = json.loads(deployment["revision"]["appSpecContent"]["content"])
    [resource] = spec["Resources"]
    [function] = resource.values()
    properties: Mapping[str, str] = function["Properties"]
    return properties


def _event(request: Any, deployment: str) -> dict[str, Any]:
    """Return a request as API Gateway sends it (payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": ROUTE,
        "headers": {"content-type": "application/json", "x-correlation-id": f"check-{deployment}"},
        "requestContext": {"requestId": f"check-{deployment}"},
        "body": json.dumps(request),
        "isBase64Encoded": False,
    }


def handler(event: Mapping[str, str], context: object) -> None:
    """Answer CodeDeploy; whatever goes wrong is an answer too: a silent hook holds its deployment for an hour."""
    del context
    deployment, codedeploy = event["DeploymentId"], boto3.client("codedeploy")
    try:
        recorded = golden.read(
            os.environ["FAIRWAY_MODEL_PACKAGE"], sagemaker=boto3.client("sagemaker"), s3=boto3.client("s3")
        )
        described = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        problem = check(described, recorded, boto3.client("lambda"))
    except Exception as error:  # noqa: BLE001 -- see the docstring
        say(logging.ERROR, "check", exc_info=True, deployment=deployment)
        problem = f"the check itself failed: {type(error).__name__}: {error}"
    level = logging.INFO if problem is None else logging.ERROR
    say(level, "check", deployment=deployment, passed=problem is None, problem=problem)
    codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=deployment,
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Succeeded" if problem is None else "Failed",
    )
