"""What an account and the project need once: on the twin in every account, on AWS in the one that the caller is in."""

from botocore.exceptions import ClientError

from fairway.delivery import access, accounts
from fairway.delivery.provision import Provisioner
from fairway.delivery.roots import bootstrap_of
from fairway.errors import ForeignAccountError
from fairway.settings import SHARED, Settings


def bootstrap(settings: Settings, provisioner: Provisioner) -> list[str]:
    """Bootstrap what the caller's credentials reach, and return a sentence on what is still to be done, if anything.

    Raises `ForeignAccountError` for an account that project.json does not name, and `HomeFirstError` for one that home
    does not know yet.
    """
    project = settings.project
    if settings.cloud == "aws":
        caller = accounts.caller_account(settings)
        if caller not in project.accounts.values():
            raise ForeignAccountError(caller, project.accounts)
        if caller != project.account:
            provisioner.bootstrap_account(caller)
            return [f"Account {caller} is bootstrapped. Go on at home, in account {project.account}."]
    provisioner.bootstrap()
    provisioner.apply(SHARED, provisioner.plan(SHARED))
    if settings.cloud == "twin":
        for account in project.others:
            provisioner.bootstrap_account(account)
    return [
        f"Account {account} ({', '.join(names)}) is not bootstrapped: `make bootstrap` with credentials of its own."
        for account, names in project.others.items()
        if not _is_bootstrapped(settings, account)
    ]


def _is_bootstrapped(settings: Settings, account: str) -> bool:
    try:
        access.client(settings, "s3").head_object(
            Bucket=settings.project.state_bucket, Key=bootstrap_of(account).state_key
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True
