"""Which forge a checkout uses, and with what credentials: decided by its environment variables, once."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from fairway.delivery.forge import Forge
from fairway.delivery.forge_github import API, GitHubForge, web
from fairway.delivery.forge_local import LocalForge
from fairway.delivery.git import identity_of, origin_of
from fairway.errors import CheckoutError, ForgeCredentialsError, ForgeSettingError
from fairway.settings import Settings

SecretReader = Callable[[str], str]


def choose_forge(
    settings: Settings, read_secret: SecretReader, environment: Mapping[str, str] = os.environ
) -> Forge:  # fmt: skip
    """Return the forge that `FORGE` names: by default the local one on the twin, GitHub on AWS.

    A build that the twin runs has CLOUD=aws and a folder of this machine as its origin: its forge is local, too.
    GitHub's address is `GITHUB_API_URL`; its token `GITHUB_TOKEN`, `GH_TOKEN`, or what the Secrets Manager secret
    named by `GITHUB_TOKEN_SECRET` holds, given by `read_secret`.
    """
    chosen = environment.get("FORGE") or ("local" if settings.cloud == "twin" or _is_local(settings) else "github")
    if chosen == "local":
        return LocalForge(local_origin(settings.root), identity_of(settings.root))
    if chosen == "github":
        token = _token(settings, read_secret, environment)
        return GitHubForge(settings.project.repository, token, api=_api(environment))
    raise ForgeSettingError("FORGE", f"is {chosen!r}: `local` (the default on the twin) or `github` is expected")


def pull_address(
    settings: Settings, number: int | None, commit: str, environment: Mapping[str, str] = os.environ
) -> str:
    """Return where a pull request, or a commit that came without one, is read; it needs no credentials."""
    if _is_local(settings):
        return f"file://{local_origin(settings.root).resolve()}#" + (f"refs/pulls/{number}/head" if number else commit)
    return f"{web(_api(environment))}/{settings.project.repository}/" + (
        f"pull/{number}" if number else f"commit/{commit}"
    )


def _is_local(settings: Settings) -> bool:
    try:
        return bool(local_origin(settings.root))
    except CheckoutError:
        return False


def local_origin(checkout: Path) -> Path:
    """Return the repository on this machine that is a checkout's origin; `CheckoutError` if it is anywhere else."""
    origin = origin_of(checkout)
    path = checkout / origin.removeprefix("file://")
    if not path.is_dir():
        raise CheckoutError(
            f"the origin of this checkout is {origin}, which is no folder of this machine: with FORGE=github pull "
            "requests are made on GitHub; on the twin, work in the rehearsal's copy, build/rehearsal/repo"
        )
    return path


def secret_reader(client: Callable[[], Any]) -> SecretReader:
    """Return what reads a secret's text; the client is made when there is one to read."""

    def read(name: str) -> str:
        try:
            return str(client().get_secret_value(SecretId=name)["SecretString"])
        except (ClientError, BotoCoreError, KeyError) as error:
            raise ForgeSettingError("GITHUB_TOKEN_SECRET", f"names {name!r}, which cannot be read ({error})") from error

    return read


def _api(environment: Mapping[str, str]) -> str:
    api = (environment.get("GITHUB_API_URL") or API).rstrip("/")
    address = urlsplit(api)
    if address.scheme not in ("https", "http") or not address.hostname:
        raise ForgeSettingError(
            "GITHUB_API_URL", f"is {api!r}: {API}, or https://<host>/api/v3 of a GitHub Enterprise Server, is expected"
        )
    return api


def _token(settings: Settings, read_secret: SecretReader, environment: Mapping[str, str]) -> str:
    if token := environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN"):
        return token
    if secret := environment.get("GITHUB_TOKEN_SECRET"):
        return read_secret(secret).strip()  # an editor ends a file with a newline, which no header may hold
    raise ForgeCredentialsError(
        f"GitHub {settings.project.repository}",
        "there is no token: set GITHUB_TOKEN, or GITHUB_TOKEN_SECRET to the name of a Secrets Manager secret that "
        "holds one",
    )
