"""The files below /opt/ml/input/config, as SageMaker writes them, and the metrics that it reads from a job's lines."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairway.twin.runtime.host_names import INTERFACE

GROUP = "homogeneousCluster"


def resource_config(instance_type: str, hosts: Sequence[str] = ("algo-1",), host: str = "algo-1") -> dict[str, object]:
    """resourceconfig.json of one of a job's hosts."""
    group = {"instance_group_name": GROUP, "instance_type": instance_type, "hosts": list(hosts)}
    return {
        "current_host": host,
        "current_instance_type": instance_type,
        "current_group_name": GROUP,
        "hosts": list(hosts),
        "instance_groups": [group],
        "network_interface_name": INTERFACE,
    }


def shard(number: int, of: int) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what chooses the keys of one of so many hosts: every `of`th one in their order, so that all have alike."""
    return lambda keys: sorted(keys)[number::of]


def input_data_config(channels: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """inputdataconfig.json: each channel's mode and kind; what the request leaves out has SageMaker's default."""
    return {channel["ChannelName"]: _channel_config(channel) for channel in channels}


def _channel_config(channel: Mapping[str, Any]) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    config = {
        "TrainingInputMode": channel.get("InputMode", "File"),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return {"ContentType": channel["ContentType"], **config} if "ContentType" in channel else config


def write_config(
    directory: Path, request: Mapping[str, Any], hosts: Sequence[str] = ("algo-1",), host: str = "algo-1"
) -> None:
    """Write all of it for one host of a training request."""
    directory.mkdir(parents=True, exist_ok=True)
    files: dict[str, object] = {
        "hyperparameters.json": dict(request.get("HyperParameters") or {}),
        "resourceconfig.json": resource_config(request["ResourceConfig"].get("InstanceType", ""), hosts, host),
        "inputdataconfig.json": input_data_config(request.get("InputDataConfig") or ()),
    }
    for name, content in files.items():
        (directory / name).write_text(json.dumps(content))


class MetricReader:
    """Finds the values of a job's MetricDefinitions in its lines; the last one of each is the final one."""

    def __init__(self, definitions: Sequence[Mapping[str, str]]) -> None:
        self._patterns = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]

    def read(self, line: str) -> dict[str, float]:
        """Return the values in a line by the name of their metric."""
        values = {}
        for name, pattern in self._patterns:
            match = pattern.search(line)
            if match and match.groups():
                try:
                    values[name] = float(match[1])
                except (TypeError, ValueError):  # the group caught something else than a number, or nothing
                    continue
        return values
