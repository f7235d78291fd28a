"""What a job is told, parsed once: environment variables and SageMaker's configuration files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairway.errors import ContainerSettingError

GIT_SHA = re.compile(r"[0-9a-f]{40}")
# What SageMaker adds to the hyperparameters of a training that is one of a search: none of the model's.
_OF_A_SEARCH = "_tuning_objective_metric"
IMAGE_BY_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Origin:
    """Which code runs: the commit, and the image by digest."""

    git_sha: str
    image: str


@dataclass(frozen=True)
class TrainingSettings:
    """What CreateTrainingJob said, as SageMaker passes it on; `searching` for one of the trainings of a search."""

    hyperparameters: Mapping[str, str]
    channels: tuple[str, ...]
    hosts: tuple[str, ...] = ("algo-1",)
    host: str = "algo-1"
    searching: bool = False


def read_origin(environ: Mapping[str, str]) -> Origin:
    """Read what the workflow gives to each container; required, as without it no artifact could be traced."""
    git_sha, image = environ.get("FAIRWAY_GIT_SHA", ""), environ.get("FAIRWAY_IMAGE", "")
    if not GIT_SHA.fullmatch(git_sha):
        raise ContainerSettingError("FAIRWAY_GIT_SHA", f"is {git_sha!r}: a commit of 40 hexadecimal digits is expected")
    if not IMAGE_BY_DIGEST.fullmatch(image):
        raise ContainerSettingError(
            "FAIRWAY_IMAGE", f"is {image!r}: an image by digest is expected, …@sha256:<64 hexadecimal digits>"
        )
    return Origin(git_sha, image)


def read_parameters(environ: Mapping[str, str]) -> dict[str, str]:
    """`FAIRWAY_PARAMETERS`: a JSON object of strings, empty where it is not set."""
    return _strings("FAIRWAY_PARAMETERS", parse_object("FAIRWAY_PARAMETERS", environ.get("FAIRWAY_PARAMETERS", "{}")))


@dataclass(frozen=True)
class Hosts:
    """The instances of a job, and which of them this is."""

    current: str = "algo-1"
    names: tuple[str, ...] = ("algo-1",)


def read_hosts(config: Path) -> Hosts:
    """`resourceconfig.json`; one host where there is none, as when a job is run by hand."""
    if not (config / "resourceconfig.json").is_file():
        return Hosts()
    told = _read("resourceconfig.json", config)
    names, current = tuple(told.get("hosts") or ()), told.get("current_host")
    if not isinstance(current, str) or current not in names:
        raise ContainerSettingError(
            "resourceconfig.json",
            f"says that this is {current!r} of {', '.join(names) or 'no hosts'}: one of its hosts is expected",
        )
    return Hosts(current, names)


def read_files(environ: Mapping[str, str]) -> tuple[str, ...]:
    """`FAIRWAY_FILES_0`, `_1` …: the names of all files that several hosts share, one a line.

    In pieces, because a variable of a processing job has 256 characters at most; raises ContainerSettingError for none.
    """
    pieces: list[str] = []
    while (piece := environ.get(f"FAIRWAY_FILES_{len(pieces)}")) is not None:
        pieces.append(piece)
    names = tuple(name for name in "".join(pieces).split("\n") if name)
    if not names:
        raise ContainerSettingError("FAIRWAY_FILES_0", "is missing: on several hosts, no host sees all files")
    return names


def read_training(config: Path) -> TrainingSettings:
    """SageMaker's `hyperparameters.json`, `inputdataconfig.json` and `resourceconfig.json`."""
    resources = _read("resourceconfig.json", config)
    hosts, host = tuple(resources.get("hosts", ())), resources.get("current_host", "")
    if host not in hosts:
        raise ContainerSettingError(
            "resourceconfig.json", f"has the current_host {host!r}: one of its hosts {list(hosts)} is expected"
        )
    channels = _read("inputdataconfig.json", config)
    for name, channel in channels.items():
        if isinstance(channel, dict) and channel.get("TrainingInputMode") == "Pipe":
            raise ContainerSettingError(
                "inputdataconfig.json", f"gives the channel {name!r} in Pipe mode: File or FastFile is expected"
            )
    hyperparameters = _strings("hyperparameters.json", _read("hyperparameters.json", config))
    searching = hyperparameters.pop(_OF_A_SEARCH, None) is not None
    return TrainingSettings(hyperparameters, tuple(sorted(channels)), hosts, host, searching)


def parse_object(name: str, text: str) -> dict[str, Any]:
    """Parse the JSON object in `text`; ContainerSettingError names the setting otherwise."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ContainerSettingError(name, f"is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise ContainerSettingError(name, f"is {value!r}: a JSON object is expected")
    return value


def _read(name: str, config: Path) -> dict[str, Any]:
    path = config / name
    if not path.is_file():
        raise ContainerSettingError(name, f"is missing in {config}: SageMaker writes it for every training job")
    return parse_object(name, path.read_text(encoding="utf-8"))


def _strings(name: str, value: dict[str, Any]) -> dict[str, str]:
    for key, member in value.items():
        if not isinstance(member, str):
            raise ContainerSettingError(
                name, f"has {key!r} as {member!r}: a string is expected, as SageMaker passes all of them"
            )
    return value
