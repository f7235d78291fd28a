"""What the commands of a build find in their environment, and what of it may not be seen in a log.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

import json
import os
import re
import string
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fairway.twin.runtime.build_failures import PARAMETER_ERROR, SECRET_ERROR, PhaseError, phase_errors
from fairway.twin.runtime.build_spec import Buildspec, BuildspecError

PLAINTEXT, PARAMETER_STORE, SECRETS_MANAGER = "PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"
MASK = "***"
# Where packages come from is the machine's business, as it is for images (environments.py); nothing else of its
# environment reaches a build.
_SOURCES = ("PIP_", "UV_", "TF_PLUGIN_MIRROR")
_SOURCES_NOT = ("UV_PROJECT_ENVIRONMENT", "UV_PYTHON")
_NETWORK = {"http_proxy", "https_proxy", "no_proxy", "all_proxy", "ssl_cert_file", "ssl_cert_dir", "requests_ca_bundle"}
_NETWORK |= {"curl_ca_bundle", "git_ssl_cainfo", "node_extra_ca_certs"}
_LOCALE = ("LANG", "LC_ALL", "TZ")
_SECRET_ARN = re.compile(r"(?P<id>arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+)(?::(?P<rest>.*))?")
_RUNTIMES = ("dotnet", "golang", "java", "nodejs", "php", "python", "ruby")


class Clients(Protocol):
    """A role in use."""

    def client(self, service: str) -> Any:
        """Return a client that acts as the role."""


@dataclass(frozen=True)
class Variable:
    """An environment variable as a project, a request or a buildspec names it."""

    name: str
    value: str
    type: str = PLAINTEXT


@dataclass
class Resolved:
    """Variables with their values, and which of them are secrets."""

    values: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)

    def masked(self, line: str, more: Iterable[str] = ()) -> str:
        """Return a line of a log without the values of secrets."""
        hidden = {part for name in self.secrets for part in self.values[name].splitlines()} | set(more)
        for text in sorted(hidden, key=len, reverse=True):
            if text.strip():
                line = line.replace(text, MASK)
        return line


def merge(buildspec: Buildspec, *overrides: Iterable[Mapping[str, str]]) -> dict[str, Variable]:
    """Return the variables by name: the buildspec's, and over them those of each layer, in order."""
    merged = {name: Variable(name, value) for name, value in buildspec.variables.items()}
    merged |= {name: Variable(name, value, PARAMETER_STORE) for name, value in buildspec.parameters.items()}
    merged |= {name: Variable(name, value, SECRETS_MANAGER) for name, value in buildspec.secrets.items()}
    for layer in overrides:
        for one in layer:
            merged[one["name"]] = Variable(one["name"], one["value"], one.get("type", PLAINTEXT))
    return merged


def resolve(variables: Mapping[str, Variable], session: Clients) -> Resolved:
    """Fetch what Parameter Store and Secrets Manager hold, as the build's role; raise PhaseError."""
    resolved = Resolved({one.name: one.value for one in variables.values() if one.type == PLAINTEXT})
    parameters = [one for one in variables.values() if one.type == PARAMETER_STORE]
    fetched = _parameters(sorted({one.value for one in parameters}), session)
    for one in parameters:
        resolved.values[one.name] = fetched[one.value]
    secrets = [one for one in variables.values() if one.type == SECRETS_MANAGER]
    for one in secrets:
        resolved.values[one.name] = _secret(one.value, session)
    resolved.secrets = {one.name for one in (*parameters, *secrets)}
    return resolved


def _parameters(names: list[str], session: Clients) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        # By GetParameters, the action that AWS documents for the role; one a call, because ministack's evaluator
        # takes a call for several to be about no resource at all.
        with phase_errors(PARAMETER_ERROR):
            answer = session.client("ssm").get_parameters(Names=[name], WithDecryption=True)
        if not answer["Parameters"]:
            raise PhaseError(PARAMETER_ERROR, f"parameter does not exist: {name}")
        found[name] = answer["Parameters"][0]["Value"]
    return found


def parse_secret(reference: str) -> tuple[dict[str, str], str]:
    """Return what GetSecretValue is asked, and the JSON key, of `secret-id:json-key:version-stage:version-id`."""
    arn = _SECRET_ARN.fullmatch(reference)
    identity, rest = (arn["id"], arn["rest"] or "") if arn else reference.partition(":")[::2]
    key, stage, version = [*rest.split(":"), "", "", ""][:3]
    if stage and version:
        raise PhaseError(SECRET_ERROR, f"{reference!r} names a version stage and a version id; only one is allowed")
    request = {"SecretId": identity}
    if stage:
        request["VersionStage"] = stage
    if version:
        request["VersionId"] = version
    return request, key


def _secret(reference: str, session: Clients) -> str:
    request, key = parse_secret(reference)
    with phase_errors(SECRET_ERROR):
        text = str(session.client("secretsmanager").get_secret_value(**request).get("SecretString", ""))
    if not key:
        return text
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError) as error:
        raise PhaseError(SECRET_ERROR, f"the secret {request['SecretId']!r} has no JSON key {key!r}") from error
    return value if isinstance(value, str) else json.dumps(value)


# -- the machine ------------------------------------------------------------------------------------------------------


def machine_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a build takes from the machine: PATH without virtual environments, and where packages come from."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in _LOCALE or name.lower() in _NETWORK or (name.startswith(_SOURCES) and name not in _SOURCES_NOT)
    }
    # uv finds there what this machine has fetched before; a cache of one project would begin empty for each.
    caches = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".cache")
    kept.setdefault("UV_CACHE_DIR", str(Path(caches) / "uv"))
    entries = environment.get("PATH", os.defpath).split(os.pathsep)
    kept["PATH"] = os.pathsep.join(one for one in entries if one and not (Path(one).parent / "pyvenv.cfg").exists())
    return kept


def install_python(directory: Path) -> Path:
    """Make a directory for PATH in which `python` is the Python of this machine, as it is in CodeBuild's images."""
    directory.mkdir(parents=True, exist_ok=True)
    # The interpreter below the virtual environment in which the twin runs.
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    for name in ("python", "python3"):
        (directory / name).symlink_to(base)
    return directory


def check_runtimes(buildspec: Buildspec, variables: Mapping[str, str], version: str) -> None:
    """Compare runtime-versions with what this machine has, which is the Python `version`; raise BuildspecError."""
    for runtime, text in buildspec.runtimes.items():
        wanted = string.Template(text).safe_substitute(variables)
        if runtime not in _RUNTIMES:
            raise BuildspecError(
                f"Unknown runtime named '{runtime}'. This build image has the following runtimes: "
                f"{', '.join(_RUNTIMES)}"
            )
        if runtime != "python":
            raise BuildspecError(f"The twin does not have the runtime {runtime} (runtime-versions), only python.")
        if not _satisfies(version, wanted):
            raise BuildspecError(
                f"Unknown runtime version named '{wanted}' of python. This build image has the following versions: "
                f"{version}"
            )


def _satisfies(version: str, wanted: str) -> bool:
    if wanted == "latest":
        return True
    numbers = wanted.split(".")
    if numbers[-1] == "x":
        numbers.pop()
    return version.split(".")[: len(numbers)] == numbers
