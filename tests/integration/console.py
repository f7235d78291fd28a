"""The commands that a page shows, run: words of the AWS CLI become the call that they mean.

The CLI is no dependency of the project, and boto3 knows the same operations and members; what a page leaves to a filter
(`--query`) has to find something.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from typing import Any

import jmespath  # type: ignore[import-untyped]
from botocore import xform_name

SERVICES = {"deploy": "codedeploy"}


def commands(page: Path, heading: str) -> list[str]:
    """Return the aws commands below a heading of a page."""
    section = page.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("aws ")]


def run(command: str, variables: Mapping[str, str], client: Callable[[str], Any]) -> Any:
    """Run an aws command; return what its filter finds, or the whole answer."""
    _, service, operation, *options = shlex.split(Template(command).substitute(variables))
    told = _options(options)
    query = told.pop("query", ["@"])[0]
    called = client(SERVICES.get(service, service))
    method = operation.replace("-", "_")
    shape = called.meta.service_model.operation_model(called.meta.method_to_api_mapping[method]).input_shape
    members = {xform_name(name, "-"): name for name in shape.members}
    given = {members[name]: _value(shape.members[members[name]], words) for name, words in told.items()}
    return jmespath.search(query, getattr(called, method)(**given))


def _options(words: list[str]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            told[name := word[2:]] = []
        else:
            told[name].append(word)
    return told


def _value(shape: Any, words: list[str]) -> Any:
    match shape.type_name:
        case "list":
            return words
        case "boolean":
            return True
        case "integer":
            return int(words[0])
        case "structure":
            return dict(pair.split("=", 1) for pair in words[0].split(","))
    return words[0]
