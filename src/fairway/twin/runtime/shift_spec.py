"""The AppSpec file of a Lambda deployment, read from its text.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

BEFORE, ALLOW, AFTER = "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"
_HOOKS = (BEFORE, AFTER)
_PROPERTIES = ("Name", "Alias", "CurrentVersion", "TargetVersion")


class AppSpecError(Exception):
    """An AppSpec file that breaks a rule; the message says which."""


@dataclass(frozen=True)
class AppSpec:
    """Which alias of a function goes from which version to which, and the functions that are asked on the way."""

    function: str
    alias: str
    current: str
    target: str
    hooks: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> "AppSpec":
        """Read a file in JSON or YAML."""
        try:
            document = yaml.safe_load(text)  # JSON is YAML
        except yaml.YAMLError as error:
            raise AppSpecError(f"The AppSpec file is neither JSON nor YAML: {error}") from error
        if not isinstance(document, dict):
            raise AppSpecError("The AppSpec file holds no object.")
        members = {str(name).lower(): value for name, value in document.items()}
        if unknown := sorted(members.keys() - {"version", "resources", "hooks"}):
            raise AppSpecError(f"The AppSpec file has the unknown member {unknown[0]!r}.")
        if str(members.get("version")) not in ("0.0", "0"):
            raise AppSpecError(f"The AppSpec file's version is {members.get('version')!r}; 0.0 is expected.")
        properties = _function(members.get("resources"))
        function, alias, current, target = (_text(properties, name) for name in _PROPERTIES)
        return cls(function, alias, current, target, _hooks(members.get("hooks") or []))

    def back(self) -> str:
        """Return the AppSpec file of the way back: at once, and nobody is asked."""
        properties = dict(zip(_PROPERTIES, (self.function, self.alias, self.target, self.current), strict=True))
        resource = {self.function: {"Type": "AWS::Lambda::Function", "Properties": properties}}
        return json.dumps({"version": 0.0, "Resources": [resource]})


def _function(resources: Any) -> Mapping[str, Any]:
    if not isinstance(resources, list) or len(resources) != 1 or not isinstance(resources[0], dict):
        raise AppSpecError("The AppSpec file's Resources is a list of exactly one resource.")
    [(name, resource)] = resources[0].items() if len(resources[0]) == 1 else [("", None)]
    if not isinstance(resource, dict) or resource.get("Type") != "AWS::Lambda::Function":
        raise AppSpecError(f"The AppSpec file's resource {name!r} has no Type AWS::Lambda::Function.")
    properties = resource.get("Properties")
    if not isinstance(properties, dict):
        raise AppSpecError(f"The AppSpec file's resource {name!r} has no Properties.")
    return properties


def _text(properties: Mapping[str, Any], name: str) -> str:
    value = properties.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise AppSpecError(f"The AppSpec file's property {name} is {value!r}; a name or number is expected.")
    text = str(value)
    if name.endswith("Version") and not text.isdecimal():
        raise AppSpecError(f"The AppSpec file's property {name} is {text!r}; a published version is expected.")
    return text


def _hooks(given: Any) -> Mapping[str, str]:
    hooks: dict[str, str] = {}
    for hook in given if isinstance(given, list) else [given]:
        if not isinstance(hook, dict) or len(hook) != 1:
            raise AppSpecError("The AppSpec file's Hooks is a list of objects, each of one event and its function.")
        [(event, function)] = hook.items()
        if event not in _HOOKS:
            raise AppSpecError(f"The AppSpec file has a hook for {event!r}; {' and '.join(_HOOKS)} can have one.")
        if not isinstance(function, str) or not function:
            raise AppSpecError(f"The AppSpec file's hook for {event} names no function.")
        hooks[event] = function
    return hooks
