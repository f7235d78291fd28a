"""The platform refuses settings that it does not know: what it knows must be what the modules take."""

import re
from pathlib import Path

import pytest

TERRAFORM = Path(__file__).parents[2] / "terraform"
MODULES = {
    "endpoint": "model-endpoint",
    "batch": "batch-transform",
    "training": "training-workflow",
    "api": "inference-api",
}
GIVEN = {"name", "release", "artifacts", "bucket", "key_arn", "boundary_arn", "endpoint_name"}
GIVEN |= {"image_repository_arn", "model_package_group_arn"}
"""What the platform itself gives to modules."""
RELEASE = {"current", "previous", "version", "model_package_arn", "model_data_url", "model_data_sha256", "image"}
RELEASE |= {"git_sha", "metrics"}
"""The members of a release."""
KNOWN = re.compile(r'"(?P<prefix>(?:\w+\.)+)(?:\$\{\w+\}\.)?"\s*=>?\s*\[.*, \[(?P<names>.*)\]\]')


def settings() -> list[tuple[str, str]]:
    """Each setting that the platform knows, with the module that it is for."""
    text = (TERRAFORM / "platform/settings.tf").read_text()
    return [
        (MODULES[found["prefix"].partition(".")[0]], name)
        for found in KNOWN.finditer(text)
        for name in re.findall(r"\w+", found["names"])
    ]


def takes(module: str) -> set[str]:
    """The variables of a module, and the members of their object types."""
    text = "\n".join(file.read_text() for file in sorted((TERRAFORM / "modules" / module).glob("variables*.tf")))
    types = r"(?:(?:optional|object|map|list)\(|string|number|bool)"
    return set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE)) | set(re.findall(rf"(\w+)\s*= {types}", text))


@pytest.mark.parametrize(("module", "name"), sorted(set(settings())))
def test_a_setting_that_the_platform_knows_is_one_of_its_module(module, name):
    assert name in takes(module)


@pytest.mark.parametrize("module", MODULES.values())
def test_a_setting_of_a_module_is_one_that_the_platform_knows(module):
    known = {name for each, name in settings() if each == module}
    assert takes(module) - known - GIVEN - RELEASE - {"type"} == set()
