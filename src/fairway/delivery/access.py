"""Who a command is on AWS, or on the twin, and how it becomes the deploy role."""

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, create_loader

from fairway.errors import AwsCallError, NotProvisionedError, WrongAccountError
from fairway.settings import Settings

# Terraform and boto3 read all of these; what the caller has set for AWS must not reach the twin, nor the other way.
_INHERITED = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ROLE_ARN", "AWS_CA_BUNDLE",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ENDPOINT_URL",
)  # fmt: skip


def twin_variables(settings: Settings) -> dict[str, str]:
    """Return the variables with which any AWS tool, SDK or Terraform talks to the twin, as root of its account."""
    return {
        "AWS_ENDPOINT_URL": twin_endpoint(settings),
        "AWS_ACCESS_KEY_ID": settings.project.account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": settings.project.region,
        "AWS_DEFAULT_REGION": settings.project.region,
    }


def twin_endpoint(settings: Settings) -> str:
    """Return the twin's address: an IP, since `localhost` turns S3 to virtual hosts."""
    return f"http://127.0.0.1:{settings.twin_port}"


def caller_variables(settings: Settings, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the whole environment of a command that acts as whoever calls: root on the twin, the caller on AWS."""
    if settings.cloud == "twin":
        return {name: value for name, value in environment.items() if name not in _INHERITED} | twin_variables(settings)
    region = settings.project.region
    return dict(environment) | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def is_local(settings: Settings, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the cloud that answers is on this machine: the twin, for people and for the builds that it runs."""
    return settings.cloud == "twin" or urlsplit(environment.get("AWS_ENDPOINT_URL", "")).hostname == "127.0.0.1"


def session(settings: Settings, variables: Mapping[str, str]) -> boto3.Session:
    """Make a boto3 session from an environment's variables."""
    core = botocore.session.Session()
    core.register_component("data_loader", _models())
    return boto3.Session(
        botocore_session=core,
        aws_access_key_id=variables.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=variables.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=variables.get("AWS_SESSION_TOKEN"),
        region_name=settings.project.region,
        profile_name=variables.get("AWS_PROFILE"),
    )


@lru_cache(maxsize=1)
def _models() -> Loader:
    """Return what has read the services' descriptions: a session by itself reads megabytes of JSON for each client."""
    return create_loader()


def client(settings: Settings, service: str, variables: Mapping[str, str] | None = None) -> Any:
    """Make a client of the chosen cloud, as whoever calls unless `variables` say otherwise."""
    variables = caller_variables(settings) if variables is None else variables
    retries = Config(retries={"mode": "standard", "total_max_attempts": 5})
    endpoint = variables.get("AWS_ENDPOINT_URL")
    return session(settings, variables).client(service, endpoint_url=endpoint, config=retries)  # type: ignore[call-overload]  # the name is not a literal


def deploy_variables(settings: Settings, purpose: str, *, reading: bool = False) -> dict[str, str]:
    """Return the environment of a command that acts as the deploy role; `purpose` names its session in CloudTrail.

    With `reading` it acts as the role that plans, which changes nothing. Raises `NotProvisionedError` where bootstrap
    has not made the role, and `AwsCallError` where it may not be assumed.
    """
    variables = caller_variables(settings)
    sts = client(settings, "sts", variables)
    role = settings.project.plan_role_arn if reading else settings.project.deploy_role_arn
    try:
        caller = sts.get_caller_identity()
        if caller["Account"] != settings.project.account:
            raise WrongAccountError(caller["Account"], settings.project.account)
        if f":assumed-role/{role.rsplit('/', 1)[1]}/" in caller["Arn"]:
            return variables
        answer = sts.assume_role(RoleArn=role, RoleSessionName=purpose)
    except ClientError as error:
        if not _role_exists(settings, role):
            raise NotProvisionedError(f"The role {role}", "`make bootstrap` makes it, once an account") from error
        message = error.response["Error"].get("Message", str(error))
        raise AwsCallError("sts:AssumeRole", f"{role}: {message}") from error
    except BotoCoreError as error:
        raise AwsCallError("sts:AssumeRole", f"{role}: {error}") from error
    others = {name: value for name, value in variables.items() if name not in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")}
    return others | _keys(answer)


def _keys(answer: Mapping[str, Any]) -> dict[str, str]:
    keys = answer["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def account_variables(
    settings: Settings, home: Mapping[str, str], account: str, role: str, purpose: str
) -> dict[str, str]:
    """Return the environment of a command that acts as a role, deploy or plan, of an environment's own account.

    It is entered from `home`, the environment of a command at home. Raises `AwsCallError` where that may not be.
    """
    arn = settings.project.role_arn(role, account)
    try:
        answer = client(settings, "sts", home).assume_role(RoleArn=arn, RoleSessionName=purpose)
    except (ClientError, BotoCoreError) as error:
        raise AwsCallError("sts:AssumeRole", f"{arn}: {error}") from error
    return {**home, **_keys(answer)}


def _role_exists(settings: Settings, arn: str) -> bool:
    try:
        client(settings, "iam").get_role(RoleName=arn.rsplit("/", 1)[1])
    except ClientError as error:
        return error.response["Error"]["Code"] != "NoSuchEntity"
    return True
