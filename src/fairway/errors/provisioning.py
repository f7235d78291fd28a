"""Terraform, and the accounts that it provisions."""

from fairway.errors.base import FairwayError


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


class DriftAfterApplyError(FairwayError):
    """Right after an apply, Terraform wants to change something again."""

    def __init__(self, root: str, plan: str) -> None:
        super().__init__(f"{root} was applied, and Terraform still plans changes:\n{plan}")


class LeftBehindError(FairwayError):
    """A pipeline runs an old commit, and what it would do would undo what was merged since."""

    def __init__(self, environment: str, commit: str, newest: str, since: str) -> None:
        super().__init__(
            f"Commit {commit[:12]} is not what {environment} is to run any more: {since} (commit {newest[:12]}). "
            "Nothing was done: the pipeline runs by itself for what is newer."
        )
