"""Buildspecs: YAML, or what is wrong with it in CodeBuild's words.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html. What the twin cannot do of one is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from fairway.twin.runtime.build_failures import YAML_FILE_ERROR, PhaseError
from fairway.twin.runtime.build_phases import COMMAND_PHASES, OnFailure

SHELLS = {"bash": "bash", "/bin/sh": "sh"}
_REPORT_GROUPS = 5
_TOP = {"version", "env", "phases", "reports", "artifacts", "cache"}
_REFUSED = {"run-as": "run-as", "proxy": "proxy servers (proxy)", "batch": "batch builds (batch)"}
_ENV = {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper"}
_PHASE = {"on-failure", "runtime-versions", "commands", "finally"}
_FILES = {"files", "name", "discard-paths", "base-directory", "exclude-paths", "enable-symlinks", "s3-prefix"}
_REPORT = {"files", "base-directory", "discard-paths", "file-format"}
_CACHE = {"key", "fallback-keys", "action", "paths"}


class BuildspecError(PhaseError):
    """The buildspec cannot be read, or asks for what there is not."""

    def __init__(self, message: str) -> None:
        super().__init__(YAML_FILE_ERROR, message)


@dataclass(frozen=True)
class Phase:
    """The commands of a phase, and what is done when one of them fails."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    on_failure: OnFailure | None = None


@dataclass(frozen=True)
class Files:
    """Which files make an artifact or a report."""

    patterns: tuple[str, ...]
    base_directory: str = ""
    excluded: tuple[str, ...] = ()
    discard_paths: bool = False
    name: str | None = None
    s3_prefix: str = ""


@dataclass(frozen=True)
class Cache:
    """What is kept from build to build."""

    paths: tuple[str, ...]
    key: str | None = None
    fallback_keys: tuple[str, ...] = ()
    action: str | None = None


@dataclass(frozen=True)
class Buildspec:
    """A buildspec of version 0.2."""

    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    runtimes: Mapping[str, str] = field(default_factory=dict)
    phases: Mapping[str, Phase] = field(default_factory=dict)
    reports: Mapping[str, Files] = field(default_factory=dict)
    artifacts: Files | None = None
    secondary_artifacts: Mapping[str, Files] = field(default_factory=dict)
    cache: Cache | None = None

    def phase(self, name: str) -> Phase:
        """Return a phase; one that the buildspec leaves out has no commands."""
        return self.phases.get(name, Phase())


def parse(text: str) -> Buildspec:
    """Read a buildspec; raise BuildspecError."""
    try:
        # Every scalar stays the text that was written: `yes`, 0.2 and 3.10 are no booleans and no numbers here.
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 -- makes nothing but texts, lists and mappings
    except yaml.YAMLError as error:
        raise BuildspecError(" ".join(str(error).split())) from error
    top = _mapping(document, "the buildspec", _TOP | set(_REFUSED))
    for name, what in _REFUSED.items():
        if name in top:
            raise BuildspecError(f"The twin does not have {what}.")
    if top.get("version") != "0.2":
        raise BuildspecError(f"Invalid buildspec version {top.get('version')!r}: the twin has 0.2 only.")
    if not top.get("phases"):
        raise BuildspecError("The buildspec has no phases.")
    env = _mapping(top.get("env"), "env", _ENV)
    artifacts = _mapping(top.get("artifacts"), "artifacts", _FILES | {"secondary-artifacts"})
    secondary = _mapping(artifacts.pop("secondary-artifacts", None), "secondary-artifacts")
    return Buildspec(
        shell=_choice(env.get("shell", "/bin/sh"), "env/shell", SHELLS),
        variables=_texts(env.get("variables"), "env/variables"),
        parameters=_texts(env.get("parameter-store"), "env/parameter-store"),
        secrets=_texts(env.get("secrets-manager"), "env/secrets-manager"),
        exported=_list(env.get("exported-variables"), "env/exported-variables"),
        runtimes=_runtimes(top["phases"]),
        phases=_phases(top["phases"]),
        reports=_reports(top.get("reports")),
        artifacts=_files(artifacts, "artifacts") if artifacts else None,
        secondary_artifacts={name: _files(one, f"secondary-artifacts/{name}") for name, one in secondary.items()},
        cache=_cache(top.get("cache")),
    )


def _phases(value: Any) -> dict[str, Phase]:
    phases = {}
    for name, content in _mapping(value, "phases").items():
        phase = name.upper()
        if phase not in COMMAND_PHASES:
            expected = ",".join(sorted(COMMAND_PHASES))
            raise BuildspecError(f"Invalid buildspec phase name: {phase}. Expecting: {expected}")
        members = _mapping(content, f"phases/{name}", _PHASE | {"run-as"})
        if "run-as" in members:
            raise BuildspecError(f"The twin does not have run-as (phases/{name}).")
        phases[phase] = Phase(
            _commands(members.get("commands"), "Commands"),
            _commands(members.get("finally"), "Finally"),
            _on_failure(members.get("on-failure")),
        )
    return phases


def _runtimes(phases: Any) -> dict[str, str]:
    named = {name: content for name, content in _mapping(phases, "phases").items() if isinstance(content, dict)}
    for name, content in named.items():
        if "runtime-versions" in content and name != "install":
            raise BuildspecError(f"runtime-versions belongs to the phase install, not to {name}.")
    return _texts(named.get("install", {}).get("runtime-versions"), "runtime-versions")


def _commands(value: Any, what: str) -> tuple[str, ...]:
    if value in (None, ""):
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise BuildspecError(f"Expected {what} to be a list of commands: found subkeys instead")
    for number, command in enumerate(value):
        if not isinstance(command, str):
            raise BuildspecError(f"Expected {what}[{number}] to be of string type: found subkeys instead")
    return tuple(value)


def _on_failure(value: Any) -> OnFailure | None:
    if value is None:
        return None
    try:
        return OnFailure.parse(str(value))
    except ValueError as error:
        raise BuildspecError(str(error)) from error


def _reports(value: Any) -> dict[str, Files]:
    reports = {}
    for name, content in _mapping(value, "reports").items():
        members = _mapping(content, f"reports/{name}", _REPORT)
        form = str(members.pop("file-format", "JUNITXML")).upper()
        if form != "JUNITXML":
            raise BuildspecError(f"The twin does not have reports in the format {form} (reports/{name}).")
        reports[name] = _files(members, f"reports/{name}")
    if len(reports) > _REPORT_GROUPS:
        raise BuildspecError(f"The buildspec has {len(reports)} report groups; a project can have {_REPORT_GROUPS}.")
    return reports


def _files(value: Any, what: str) -> Files:
    members = _mapping(value, what, _FILES)
    if not members.get("files"):
        raise BuildspecError(f"{what} has no files, which it must have.")
    if _flag(members.get("enable-symlinks"), f"{what}/enable-symlinks"):
        raise BuildspecError(f"The twin does not have enable-symlinks ({what}).")
    return Files(
        patterns=_list(members["files"], f"{what}/files"),
        base_directory=members.get("base-directory", ""),
        excluded=_list(members.get("exclude-paths"), f"{what}/exclude-paths"),
        discard_paths=_flag(members.get("discard-paths"), f"{what}/discard-paths"),
        name=members.get("name"),
        s3_prefix=members.get("s3-prefix", "").strip("/"),
    )


def _cache(value: Any) -> Cache | None:
    members = _mapping(value, "cache", _CACHE)
    if not members:
        return None
    action = members.get("action")
    if action is not None:
        _choice(action, "cache/action", {"restore": "", "save": ""})
    fallback = _list(members.get("fallback-keys"), "cache/fallback-keys") if members.get("key") else ()
    return Cache(_list(members.get("paths"), "cache/paths"), members.get("key"), fallback, action)


# -- shapes -----------------------------------------------------------------------------------------------------------


def _mapping(value: Any, what: str, known: set[str] | None = None) -> dict[str, Any]:
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise BuildspecError(f"Expected {what} to be a mapping")
    unknown = sorted(set(value) - known) if known else []
    if unknown:
        raise BuildspecError(f"Unknown key {unknown[0]!r} in {what}; expected one of {', '.join(sorted(known or ()))}")
    return dict(value)


def _texts(value: Any, what: str) -> dict[str, str]:
    texts = _mapping(value, what)
    for name, text in texts.items():
        if not isinstance(text, str):
            raise BuildspecError(f"Expected {what}/{name} to be of string type")
    return texts


def _list(value: Any, what: str) -> tuple[str, ...]:
    if value in (None, ""):
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise BuildspecError(f"Expected {what} to be a list of texts")
    return tuple(items)


def _choice(value: str, what: str, known: Mapping[str, str]) -> str:
    if value not in known:
        raise BuildspecError(f"{what} is {value!r}; expected one of {', '.join(known)}")
    return known[value]


def _flag(value: str | None, what: str) -> bool:
    words = {None: False, "": False, "no": False, "false": False, "yes": True, "true": True}
    lowered = value.lower() if isinstance(value, str) else value
    if lowered not in words:
        raise BuildspecError(f"{what} is {value!r}; expected yes or no")
    return words[lowered]
