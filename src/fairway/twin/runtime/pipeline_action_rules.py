"""What an action's declaration must hold: a known type, its configuration, its artifacts."""

import json
from collections.abc import Mapping
from typing import Any

from fairway.twin.runtime import pipeline_action_types as types
from fairway.twin.runtime.pipeline_rules import ActionError, UnsupportedError

Declaration = Mapping[str, Any]

CLONE_REF, ZIP = "CODEBUILD_CLONE_REF", "CODE_ZIP"
_VARIABLE_TYPES = ("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER")
_CONFIGURATION_LENGTH = 1000
# EnvironmentVariables is the one value that may be longer.
_LONGER = {"EnvironmentVariables": 10_000, "Input": 10_000}


def check_action(action: Declaration, region: str) -> None:
    """Raise a RuleError for the first rule that an action breaks by itself."""
    kind = _type_of(action, region)
    for member in ("commands", "outputVariables", "environmentVariables"):
        if action.get(member):
            raise UnsupportedError(f"{member} of an action (action {action['name']})")
    if action.get("region", region) != region:
        raise UnsupportedError(f"actions in another region than the pipeline's (action {action['name']})")
    if any(one.get("files") for one in action.get("outputArtifacts", ())):
        raise UnsupportedError(f"files of an output artifact (action {action['name']})")
    if "timeoutInMinutes" in action and kind is not types.APPROVAL:
        raise ActionError(f"timeoutInMinutes is available only to the manual approval action, not to {action['name']}")
    _check_counts(action, kind)
    _check_keys(action, kind)
    _CHECKS[kind.provider](action, action.get("configuration", {}))


def _type_of(action: Declaration, region: str) -> types.ActionType:
    given = action["actionTypeId"]
    category, provider = given["category"], given["provider"]
    found = types.find(category, provider)
    if given["owner"] == "AWS" and given["version"] == "1" and found is not None:
        return found
    if provider in types.OF_AWS_ONLY.get(category, ()):
        raise UnsupportedError(f"the action type {category} by {provider} (action {action['name']})")
    raise ActionError(
        f"ActionType (Category: '{category}', Provider: '{provider}', Owner: '{given['owner']}', Version: "
        f"'{given['version']}') in action '{action['name']}' is not available in region {region}"
    )


def _check_counts(action: Declaration, kind: types.ActionType) -> None:
    for member, word, (least, most) in (
        ("inputArtifacts", "input", kind.inputs),
        ("outputArtifacts", "output", kind.outputs),
    ):
        count = len(action.get(member, ()))
        if count < least:
            raise ActionError(
                f"Action {action['name']} has {count} {word} artifacts which is less than the minimum count ({least})"
            )
        if count > most:
            raise ActionError(
                f"Action {action['name']} has {count} {word} artifacts which is more than the maximum count ({most})"
            )


def _check_keys(action: Declaration, kind: types.ActionType) -> None:
    configuration = action.get("configuration", {})
    start = f"Action configuration for action '{action['name']}'"
    for key in kind.required:
        if not configuration.get(key):
            raise ActionError(f"{start} is missing required configuration '{key}'")
    for key, value in configuration.items():
        if key in kind.refused:
            raise UnsupportedError(f"the configuration {key} of {kind.provider} (action {action['name']})")
        if key not in (*kind.required, *kind.optional):
            raise ActionError(f"{start} contains unknown configuration '{key}'")
        if len(value) > _LONGER.get(key, _CONFIGURATION_LENGTH):
            raise ActionError(f"{start} has a value for '{key}' that is too long: {len(value)} characters")


def _check_source(action: Declaration, configuration: Mapping[str, str]) -> None:
    form = configuration.get("OutputArtifactFormat", ZIP)
    if form not in (CLONE_REF, ZIP):
        raise ActionError(f"Action {action['name']}: OutputArtifactFormat must be {ZIP} or {CLONE_REF}, not {form!r}")
    _check_boolean(action, configuration, "DetectChanges")
    if configuration["FullRepositoryId"].count("/") != 1:
        raise ActionError(
            f"Action {action['name']}: FullRepositoryId must be <owner>/<name>, not "
            f"{configuration['FullRepositoryId']!r}"
        )


def _check_boolean(action: Declaration, configuration: Mapping[str, str], key: str) -> None:
    if configuration.get(key, "true").lower() not in ("true", "false"):
        raise ActionError(f"Action {action['name']}: {key} must be true or false, not {configuration[key]!r}")


def _check_build(action: Declaration, configuration: Mapping[str, str]) -> None:
    inputs = [one["name"] for one in action.get("inputArtifacts", ())]
    primary = configuration.get("PrimarySource")
    if len(inputs) > 1 and primary is None:
        raise ActionError(f"Action {action['name']} has several input artifacts: PrimarySource must name one of them")
    if primary is not None and primary not in inputs:
        raise ActionError(f"Action {action['name']}: PrimarySource {primary} is none of its input artifacts {inputs}")
    for variable in environment_variables(action["name"], configuration):
        if not isinstance(variable, dict) or not {"name", "value"} <= variable.keys() <= {"name", "value", "type"}:
            raise ActionError(f"Action {action['name']}: an environment variable must have name, value and type only")
        if variable.get("type", "PLAINTEXT") not in _VARIABLE_TYPES:
            raise ActionError(
                f"Action {action['name']}: the environment variable {variable['name']} has the type "
                f"{variable['type']!r}; expected one of {', '.join(_VARIABLE_TYPES)}"
            )


def environment_variables(action: str, configuration: Mapping[str, str]) -> list[Any]:
    """Return the environment variables of a CodeBuild action, as StartBuild takes them."""
    try:
        variables = json.loads(configuration.get("EnvironmentVariables", "[]"))
    except ValueError as error:
        raise ActionError(f"Action {action}: EnvironmentVariables is not valid JSON: {error}") from error
    if not isinstance(variables, list):
        raise ActionError(f"Action {action}: EnvironmentVariables must be a JSON array of objects")
    return variables


def _check_workflow(action: Declaration, configuration: Mapping[str, str]) -> None:
    kind, inputs = configuration.get("InputType", "Literal"), len(action.get("inputArtifacts", ()))
    if kind not in ("Literal", "FilePath"):
        raise ActionError(f"Action {action['name']}: InputType must be Literal or FilePath, not {kind!r}")
    if kind == "FilePath" and (inputs != 1 or not configuration.get("Input")):
        raise ActionError(f"Action {action['name']}: InputType FilePath needs one input artifact, and Input, its path")
    if kind == "Literal" and inputs:
        raise ActionError(f"Action {action['name']}: an input artifact is only for InputType FilePath")


def _check_approval(action: Declaration, configuration: Mapping[str, str]) -> None:
    topic = configuration.get("NotificationArn")
    if topic is not None and topic.split(":")[2:3] != ["sns"]:
        raise ActionError(
            f"The ARN {topic} has been specified for sending notifications for the approval action {action['name']}, "
            "but the AWS service for this ARN cannot be used to send approval requests."
        )


_CHECKS = {
    types.SOURCE.provider: _check_source,
    types.BUILD.provider: _check_build,
    types.WORKFLOW.provider: _check_workflow,
    types.APPROVAL.provider: _check_approval,
}
