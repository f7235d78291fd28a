import json
from typing import Any

import pytest

from fairway.twin.runtime.shift_spec import AppSpec, AppSpecError

YAML = """
version: 0.0
Resources:
  - predict:
      Type: AWS::Lambda::Function
      Properties:
        Name: flights-api
        Alias: live
        CurrentVersion: 1
        TargetVersion: "2"
Hooks:
  - BeforeAllowTraffic: check
  - AfterAllowTraffic: look
"""


def changed(**members: Any) -> str:
    properties = {"Name": "f", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"} | members.pop("own", {})
    document = {"version": 0.0, "Resources": [{"f": {"Type": "AWS::Lambda::Function", "Properties": properties}}]}
    return json.dumps(document | members)


def test_yaml_is_read():
    hooks = {"BeforeAllowTraffic": "check", "AfterAllowTraffic": "look"}
    assert AppSpec.parse(YAML) == AppSpec("flights-api", "live", "1", "2", hooks)


def test_json_is_read_and_hooks_may_be_absent():
    assert AppSpec.parse(changed()) == AppSpec("f", "live", "1", "2", {})


def test_the_way_back_is_the_other_way_and_asks_nobody():
    assert AppSpec.parse(AppSpec.parse(YAML).back()) == AppSpec("flights-api", "live", "2", "1", {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "neither JSON nor YAML"),
        ("[]", "holds no object"),
        (changed(version=1.0), "version is 1.0"),
        (changed(files=[]), "unknown member 'files'"),
        (changed(Resources=[]), "exactly one resource"),
        (changed(Resources=[{"f": {"Type": "AWS::ECS::Service"}}]), "'f' has no Type AWS::Lambda::Function"),
        (changed(Resources=[{"f": {"Type": "AWS::Lambda::Function"}}]), "no Properties"),
        (changed(own={"Alias": ""}), "Alias is ''"),
        (changed(own={"TargetVersion": "$LATEST"}), "TargetVersion is '$LATEST'; a published version"),
        (changed(own={"CurrentVersion": True}), "CurrentVersion is True"),
        (changed(Hooks=[{"BeforeInstall": "x"}]), "hook for 'BeforeInstall'"),
        (changed(Hooks=[{"BeforeAllowTraffic": ""}]), "names no function"),
        (changed(Hooks=["x"]), "each of one event"),
    ],
)
def test_what_is_wrong_is_told(text, problem):
    with pytest.raises(AppSpecError) as told:
        AppSpec.parse(text)
    assert problem in str(told.value)
