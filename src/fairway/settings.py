"""What a command is told by `project.json` and by its environment, parsed once at the edge."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fairway.errors import ProjectFileError, UnknownCloudError, UnknownEnvironmentError

Cloud = Literal["twin", "aws"]

SHARED = "delivery"
"""The root, and the account, of what the project's environments share."""


class Project(BaseModel):
    """`project.json`: the only file with names to fill in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: str = Field(pattern=r"^[a-z][a-z0-9-]{1,19}$")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    accounts: dict[str, Annotated[str, Field(pattern=r"^\d{12}$")]]
    base_image: Annotated[str, Field(pattern=r"^\S+@sha256:[0-9a-f]{64}$")] | None = None
    """What the Dockerfile builds on, by digest; the twin needs none."""
    github_oidc_provider_arn: Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:oidc-provider/\S+$")] | None = None
    """GitHub's OIDC provider where the account has one already; bootstrap makes one otherwise."""

    @property
    def account(self) -> str:
        """The account of what the project shares; its state bucket lies there."""
        return self.accounts[SHARED]

    @property
    def state_bucket(self) -> str:
        """The bucket that holds every root's Terraform state."""
        return f"{self.project}-tfstate-{self.account}-{self.region}"

    @property
    def artifact_bucket(self) -> str:
        """The bucket that holds raw data and the training runs."""
        return f"{self.project}-artifacts-{self.account}-{self.region}"

    @property
    def deploy_role_arn(self) -> str:
        """The role that Terraform runs as, once `make bootstrap` has made it."""
        return self.role_arn("deploy", self.account)

    @property
    def plan_role_arn(self) -> str:
        """The role that plans for a reviewer: it reads all that Terraform manages, and changes nothing."""
        return self.role_arn("plan", self.account)

    @property
    def others(self) -> dict[str, list[str]]:
        """The accounts beside delivery's, each with the environments in it."""
        found: dict[str, list[str]] = {}
        for environment, account in self.accounts.items():
            if account != self.account:
                found.setdefault(account, []).append(environment)
        return found

    def role_arn(self, role: str, account: str) -> str:
        """Return the ARN of a role that `make bootstrap` makes in each account: deploy, plan, operate."""
        return f"arn:aws:iam::{account}:role/{self.project}-{role}"


@dataclass(frozen=True)
class Settings:
    """A checkout, and the cloud that its commands talk to."""

    root: Path
    cloud: Cloud
    twin_port: int
    project: Project

    @classmethod
    def load(cls, root: Path, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read `project.json` below `root`, `CLOUD` and `FAIRWAY_TWIN_PORT`; errors name what is wrong with each."""
        cloud = environment.get("CLOUD") or "twin"
        if cloud not in ("twin", "aws"):
            raise UnknownCloudError(cloud)
        port = environment.get("FAIRWAY_TWIN_PORT") or "4566"
        if not port.isdecimal() or not 1 <= int(port) <= 65535:
            raise ProjectFileError("FAIRWAY_TWIN_PORT", f"{port!r} is no port: a number from 1 to 65535 is expected")
        return cls(root, "aws" if cloud == "aws" else "twin", int(port), load_project(root / "project.json"))

    @property
    def build(self) -> Path:
        """Where everything that is made lies; Git ignores it."""
        return self.root / "build"

    @property
    def twin_directory(self) -> Path:
        """The folder of the twin that this checkout starts."""
        return self.build / "twin"

    @property
    def environments(self) -> list[str]:
        """The environments that have a Terraform root, in the order in which a release passes through them.

        That is the order of their accounts in `project.json`; one without an account comes last.
        """
        return in_order(self.project.accounts, self.root)

    def require_environment(self, name: str) -> str:
        """Return `name` if it has a Terraform root and an account; say which names do otherwise."""
        if name not in self.environments or name not in self.project.accounts:
            known = [each for each in self.environments if each in self.project.accounts]
            raise UnknownEnvironmentError(name, known)
        return name


def in_order(accounts: Iterable[str], root: Path) -> list[str]:
    """Return the environments that have a Terraform root below `root`, first those of `accounts`, in their order."""
    present = sorted(path.parent.name for path in (root / "terraform/environments").glob("*/main.tf"))
    named = [name for name in accounts if name in present]
    return named + [name for name in present if name not in named]


def load_project(path: Path) -> Project:
    """Read and parse `project.json`."""
    try:
        return parse_project(path.read_text(), path.name)
    except FileNotFoundError as error:
        raise ProjectFileError(path.name, "it does not exist: `make init` writes it") from error


def parse_project(text: str, name: str) -> Project:
    """Parse a project file; every mistake in it is one sentence that names the member."""
    try:
        project = Project.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise ProjectFileError(name, f"it is not JSON (line {error.lineno}: {error.msg})") from error
    except ValidationError as error:
        first = error.errors()[0]
        member = ".".join(str(part) for part in first["loc"]) or "the document"
        found = "missing" if first["type"] == "missing" else repr(first["input"])
        raise ProjectFileError(name, f"`{member}` is {found}: {first['msg']}") from error
    if SHARED not in project.accounts:
        raise ProjectFileError(name, f"`accounts` has no `{SHARED}`: the account of what the environments share")
    return project


def code_owners(repository: str) -> str:
    """Return CODEOWNERS: who must agree to a change of production, and of what guards it."""
    team = f"@{repository.partition('/')[0]}/production"
    guarded = ("/terraform/environments/prod/", "/terraform/bootstrap/", "/.github/")
    return (
        "# `make init` writes this file: production is changed with the word of a team of the repository's owner.\n"
        + "".join(f"{path} {team}\n" for path in guarded)
    )


def write_project(path: Path, *, project: str, region: str, repository: str, account: str) -> Project:
    """Write `project.json` with one account for everything; a wrong value is refused before anything is written.

    Of a file that is there already, if it can be read, stay the environments' order, the accounts of those that have
    one of their own, and what is not asked for.
    """
    asked: dict[str, Any] = {"project": project, "region": region, "repository": repository}
    known = _known(path)
    environments = in_order(known.accounts if known else (), path.parent)
    apart = {name: number for name, number in known.accounts.items() if number != known.account} if known else {}
    asked["accounts"] = dict.fromkeys([SHARED, *environments], account)
    asked["accounts"] |= {name: number for name, number in apart.items() if name in environments}
    told = asked | (known.model_dump(exclude=set(asked), exclude_unset=True) if known else {})
    parsed = parse_project(json.dumps(told), path.name)
    path.write_text(json.dumps(told, indent=2) + "\n")
    owners = path.parent / ".github/CODEOWNERS"
    owners.parent.mkdir(exist_ok=True)
    owners.write_text(code_owners(repository))
    return parsed


def _known(path: Path) -> Project | None:
    try:
        return load_project(path)
    except ProjectFileError:
        return None
