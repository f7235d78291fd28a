"""A pipeline's declaration: held against the rules of CodePipeline, and completed with its defaults.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairway.twin.runtime import pipeline_action_rules as rules
from fairway.twin.runtime.pipeline_modes import SUPERSEDED
from fairway.twin.runtime.pipeline_rules import ActionError, StructureError, UnsupportedError
from fairway.twin.runtime.pipeline_variables import OWN, PIPELINE, RESERVED, references
from fairway.twin.runtime.sources_filters import source_actions

Declaration = Mapping[str, Any]

_MOST_STAGES, _MOST_ACTIONS = 50, 50


def check(pipeline: Declaration, region: str) -> None:
    """Raise a RuleError for the first rule that a declaration breaks, or for what the twin does not have."""
    stages = pipeline["stages"]
    _check_pipeline(pipeline)
    _check_stages(stages)
    for stage in stages:
        for action in stage["actions"]:
            rules.check_action(action, region)
    _check_artifacts(stages)
    _check_namespaces(stages)
    _check_references(pipeline)
    _check_triggers(pipeline)


def completed(pipeline: Declaration, version: int) -> dict[str, Any]:
    """Return the declaration as GetPipeline shows it: with its version, and with the defaults of what was left out."""
    whole = copy.deepcopy(dict(pipeline))
    whole["version"] = version
    whole.setdefault("executionMode", SUPERSEDED)
    whole.setdefault("pipelineType", "V1")
    for stage in whole["stages"]:
        for action in stage["actions"]:
            defaults = {"runOrder": 1, "configuration": {}, "inputArtifacts": [], "outputArtifacts": []}
            action.update({name: value for name, value in defaults.items() if name not in action})
    if whole["pipelineType"] == "V2":
        triggers = [*whole.get("triggers", ()), *_default_triggers(whole)]
        whole |= {"triggers": triggers} if triggers else {}
    return whole


def _default_triggers(pipeline: Declaration) -> Iterator[Declaration]:
    """Yield the triggers that CodePipeline adds: a source action without one follows its branch."""
    named = {one["gitConfiguration"]["sourceActionName"] for one in pipeline.get("triggers", ())}
    for action in source_actions(pipeline):
        configuration = action["configuration"]
        if action["name"] not in named and configuration.get("DetectChanges", "true").lower() != "false":
            push = [{"branches": {"includes": [configuration["BranchName"]]}}]
            yield {
                "providerType": action["actionTypeId"]["provider"],
                "gitConfiguration": {"sourceActionName": action["name"], "push": push},
            }


def _check_pipeline(pipeline: Declaration) -> None:
    if "artifactStores" in pipeline:
        raise UnsupportedError("artifact stores of several regions (artifactStores)")
    if "artifactStore" not in pipeline:
        raise StructureError("Pipeline must have exactly one of artifactStore and artifactStores")
    if pipeline.get("pipelineType", "V1") == "V1":
        if pipeline.get("executionMode", SUPERSEDED) != SUPERSEDED:
            raise StructureError(f"Execution mode {pipeline['executionMode']} can only be used with V2 pipelines")
        for member in ("triggers", "variables"):
            if pipeline.get(member):
                raise StructureError(f"Pipeline {member} can only be used with V2 pipelines")
    names = [one["name"] for one in pipeline.get("variables", ())]
    for name in _repeated(names):
        raise StructureError(f"Variable names must be unique. The following variable name is already in use: {name}")


def _check_stages(stages: Sequence[Declaration]) -> None:
    if not 2 <= len(stages) <= _MOST_STAGES:
        raise StructureError(f"Pipeline must have between 2 and {_MOST_STAGES} stages, and has {len(stages)}")
    for name in _repeated([stage["name"] for stage in stages]):
        raise StructureError(f"Stage names must be unique within the pipeline. {name} has been used more than once.")
    for place, stage in enumerate(stages):
        _check_supported(stage)
        if not 1 <= len(stage["actions"]) <= _MOST_ACTIONS:
            raise StructureError(f"Stage {stage['name']} must have between 1 and {_MOST_ACTIONS} actions")
        for name in _repeated([action["name"] for action in stage["actions"]]):
            raise StructureError(
                f"Action names must be unique within a stage. {name} has been used more than once in stage "
                f"{stage['name']}."
            )
        for action in stage["actions"]:
            is_source = action["actionTypeId"]["category"] == "Source"
            if place == 0 and not is_source:
                raise StructureError(
                    f"Pipeline first stage {stage['name']} must only contain source actions: {action['name']} is none"
                )
            if place > 0 and is_source:
                raise StructureError(
                    f"Only the first stage may contain source actions: {action['name']} is in stage {stage['name']}"
                )


def _check_supported(stage: Declaration) -> None:
    for member in ("blockers", "beforeEntry", "onSuccess"):
        if stage.get(member):
            raise UnsupportedError(f"{member} (stage {stage['name']})")
    failure = stage.get("onFailure")
    if failure is not None and (failure.get("conditions") or failure.get("result") != "RETRY"):
        what = "conditions" if failure.get("conditions") else f"result {failure.get('result')}"
        raise UnsupportedError(f"onFailure with {what} (stage {stage['name']})")


def _check_artifacts(stages: Sequence[Declaration]) -> None:
    """Check that every input artifact is the output of an action that has ended before, and every output's name new."""
    produced: list[str] = []
    for stage in stages:
        for group in groups(stage["actions"]):
            for action in group:
                for name in (one["name"] for one in action.get("inputArtifacts", ())):
                    if name not in produced:
                        raise StructureError(
                            f"Input Artifact Bundle {name} in action {action['name']} is not declared as Output "
                            "Artifact Bundle in any of the preceding actions"
                        )
            produced += [one["name"] for action in group for one in action.get("outputArtifacts", ())]
    for name in _repeated(produced):
        raise StructureError(
            f"Output Artifact Bundle name must be unique within the pipeline. {name} has been used more than once."
        )


def groups(actions: Sequence[Declaration]) -> list[list[Declaration]]:
    """Return a stage's actions in the order in which they run; those of one group run at once."""
    orders = sorted({action.get("runOrder", 1) for action in actions})
    return [[action for action in actions if action.get("runOrder", 1) == order] for order in orders]


def _check_namespaces(stages: Sequence[Declaration]) -> None:
    named = [action["namespace"] for stage in stages for action in stage["actions"] if "namespace" in action]
    for name in [*_repeated(named), *(set(named) & set(RESERVED))]:
        reason = "is reserved" if name in RESERVED else "has been used more than once"
        raise StructureError(f"Action namespaces must be unique within the pipeline. {name} {reason}.")


def _check_references(pipeline: Declaration) -> None:
    """Check that what an action refers to comes from a namespace that is filled before it starts."""
    variables = {one["name"] for one in pipeline.get("variables", ())}
    filled = {PIPELINE, *([OWN] if variables else [])}
    for stage in pipeline["stages"]:
        for group in groups(stage["actions"]):
            for action in group:
                _check_action_references(stage["name"], action, variables, filled)
            filled |= {action["namespace"] for action in group if "namespace" in action}


def _check_action_references(stage: str, action: Declaration, variables: set[str], filled: set[str]) -> None:
    for key, text in references(action.get("configuration", {})):
        namespace, dot, name = text.partition(".")
        where = (
            f"StageName=[{stage}], ActionName=[{action['name']}], ActionConfigurationKey=[{key}], "
            f"VariableReferenceText=[{text}]"
        )
        if not dot or namespace not in filled:
            raise ActionError(
                "Valid format for a pipeline execution variable reference is a namespace and a key separated by a "
                "period (.). The following pipeline execution variables are referencing a namespace that does not "
                f"exist. {where}"
            )
        if namespace == OWN and action["actionTypeId"]["category"] == "Source":
            raise StructureError(f"Variables at the pipeline level cannot be used in source actions. {where}")
        if (namespace == OWN and name not in variables) or (namespace == PIPELINE and name != "PipelineExecutionId"):
            raise ActionError(
                f"The following pipeline execution variables are referencing a variable that does not exist. {where}"
            )


def _check_triggers(pipeline: Declaration) -> None:
    sources = [action["name"] for action in source_actions(pipeline)]
    named = [one["gitConfiguration"]["sourceActionName"] for one in pipeline.get("triggers", ())]
    for name in named:
        if name not in sources:
            raise StructureError(f"Trigger names source action {name}, which is no source action of a connection")
    for name in _repeated(named):
        raise StructureError(f"Only one trigger is allowed for a source action. {name} has been used more than once.")
    for trigger in pipeline.get("triggers", ()):
        git = trigger["gitConfiguration"]
        if git.get("pullRequest"):
            raise UnsupportedError(f"triggers by pull requests (source action {git['sourceActionName']})")
        for push in git.get("push", ()):
            _check_push(push, git["sourceActionName"])


def _check_push(push: Declaration, source: str) -> None:
    if push.get("tags"):
        raise UnsupportedError(f"triggers by tags (source action {source})")
    if push.get("filePaths") and not push.get("branches"):
        raise StructureError(f"File paths of a push trigger need branches as well (source action {source})")
    for member in ("branches", "filePaths"):
        criteria = push.get(member)
        if criteria is not None and not (criteria.get("includes") or criteria.get("excludes")):
            raise StructureError(f"{member} of a trigger must have includes or excludes (source action {source})")


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
