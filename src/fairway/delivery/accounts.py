"""Into the account of an environment, from delivery's: home, where every command starts and the state lies."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from fairway.delivery import access
from fairway.delivery.state import read_outputs
from fairway.errors import AccountClosedError, NotProvisionedError, WrongAccountError
from fairway.settings import SHARED, Settings

Clients = Callable[[str], Any]
"""Makes a client of the service that is named."""


def caller_account(settings: Settings) -> str:
    """Return the account of whoever calls."""
    return str(access.client(settings, "sts").get_caller_identity()["Account"])


def variables_in(settings: Settings, account: str) -> dict[str, str]:
    """Return the environment of a command that acts in an account as whoever calls: on the twin, as root of it."""
    own = {"AWS_ACCESS_KEY_ID": account} if settings.cloud == "twin" else {}
    return access.caller_variables(settings) | own


def environment_variables(settings: Settings, environment: str) -> dict[str, str]:
    """Return the environment of a command that looks at an environment and asks its endpoint.

    At home that is whoever calls; in an account of its own the role that bootstrap made to operate there. Raises
    `WrongAccountError` for credentials from elsewhere, `AccountClosedError` where that role cannot be assumed.
    """
    account = settings.project.accounts[environment]
    if account == settings.project.account:
        return access.caller_variables(settings)
    require_home(settings)
    return _enter(settings, environment, access.caller_variables(settings), "operate")


def clients_in(settings: Settings, environment: str) -> Clients:
    """Return what makes clients with the credentials that `environment_variables` says, and raises what it raises."""
    variables = environment_variables(settings, environment)
    return lambda service: access.client(settings, service, variables)


def require_home(settings: Settings) -> None:
    """Raise `WrongAccountError` unless whoever calls is in delivery's account."""
    caller = caller_account(settings)
    if caller != settings.project.account:
        raise WrongAccountError(caller, settings.project.account)


def require_shared(settings: Settings, state_key: str, home: dict[str, str]) -> None:
    """Raise `NotProvisionedError` unless delivery's state, at `state_key`, holds the outputs that environments read.

    Terraform would say that a remote state is not found, and not what makes it.
    """
    if not read_outputs(access.client(settings, "s3", home), settings.project.state_bucket, state_key):
        raise NotProvisionedError(SHARED, "`make bootstrap` provisions it")


def require_open(settings: Settings, environment: str, home: dict[str, str], *, reading: bool) -> None:
    """Raise `AccountClosedError` unless Terraform gets into the environment's account from home, as `home` says.

    It would say so too, after several seconds and in many lines.
    """
    if settings.project.accounts[environment] != settings.project.account:
        _enter(settings, environment, home, "plan" if reading else "deploy")


def _enter(settings: Settings, environment: str, variables: dict[str, str], role: str) -> dict[str, str]:
    account = settings.project.accounts[environment]
    arn = settings.project.role_arn(role, account)
    try:
        answer = access.client(settings, "sts", variables).assume_role(RoleArn=arn, RoleSessionName=environment)
    except ClientError as error:
        message = error.response["Error"].get("Message", str(error))
        raise AccountClosedError(environment, account, arn, message) from error
    keys = answer["Credentials"]
    return {name: value for name, value in variables.items() if name not in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")} | {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
