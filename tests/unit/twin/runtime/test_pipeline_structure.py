"""Rules of a pipeline's declaration, one broken at a time."""

import copy
import json

import pytest

from fairway.twin.runtime.pipeline_rules import RuleError
from fairway.twin.runtime.pipeline_structure import check, completed, groups

REGION = "us-east-1"


def action(name, category="Build", provider="CodeBuild", *, configuration=None, inputs=(), outputs=(), **more):
    defaults = {"CodeBuild": {"ProjectName": "p"}}
    return {
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": configuration if configuration is not None else defaults.get(provider, {}),
        "inputArtifacts": [{"name": one} for one in inputs],
        "outputArtifacts": [{"name": one} for one in outputs],
        **more,
    }


def source(**configuration):
    given = {"ConnectionArn": "arn:c", "FullRepositoryId": "a/b", "BranchName": "main", **configuration}
    return action(
        "source", "Source", "CodeStarSourceConnection", configuration=given, outputs=["code"], namespace="src"
    )


def pipeline(*stages, first=None, **more):
    listed = [{"name": "Source", "actions": [first or source()]}, *stages]
    whole = {"name": "p", "roleArn": "r", "artifactStore": {}, "pipelineType": "V2", "stages": listed, **more}
    return {name: value for name, value in whole.items() if value is not None}


def stage(*actions, name="Build", **more):
    return {"name": name, "actions": list(actions), **more}


def build(name="build", **more):
    return action(name, inputs=more.pop("inputs", ["code"]), **more)


def trigger(**git):
    git = {"sourceActionName": "source", "push": [{"branches": {"includes": ["main"]}}], **git}
    return {"providerType": "CodeStarSourceConnection", "gitConfiguration": git}


def configured(**configuration):
    return build(configuration={"ProjectName": "p", **configuration})


def variables(*listed):
    return configured(EnvironmentVariables=json.dumps(listed))


def approval(**more):
    return action("ask", "Approval", "Manual", **more)


def workflow(**configuration):
    return action("run", "Invoke", "StepFunctions", configuration={"StateMachineArn": "arn:m", **configuration})


GOOD = [
    pipeline(stage(build(), build("other"))),
    pipeline(stage(build(outputs=["made"]), build("next", inputs=["made"], runOrder=2))),
    pipeline(stage(build(namespace="b"), name="One"), stage(configured(EnvironmentVariables="[]"), name="Two")),
    pipeline(stage(variables({"name": "A", "value": "#{src.CommitId}"}))),
    pipeline(stage(variables({"name": "A", "value": "#{variables.x}"})), variables=[{"name": "x"}]),
    pipeline(stage(build()), triggers=[trigger()], executionMode="QUEUED"),
    pipeline(
        stage(build()), triggers=[trigger(push=[{"branches": {"includes": ["m"]}, "filePaths": {"includes": ["a"]}}])]
    ),
    pipeline(stage(approval(timeoutInMinutes=5))),
    pipeline(stage(build(), onFailure={"result": "RETRY"})),
    pipeline(stage(workflow(Input="{}"))),
    pipeline(stage(build()), pipelineType="V1"),
]


@pytest.mark.parametrize("declared", GOOD)
def test_a_good_declaration_passes(declared):
    check(declared, REGION)


BAD = [
    (pipeline(), "InvalidStructure", "between 2 and 50 stages, and has 1"),
    (
        pipeline(stage(build()), artifactStore=None),
        "InvalidStructure",
        "exactly one of artifactStore and artifactStores",
    ),
    (pipeline(stage(build()), artifactStores={}), "Validation", "artifact stores of several regions"),
    (pipeline(stage(build()), first=build("b")), "InvalidStructure", "must only contain source actions: b is none"),
    (pipeline(stage(source())), "InvalidStructure", "Only the first stage may contain source actions"),
    (pipeline(stage(build()), stage(build("b"))), "InvalidStructure", "Stage names must be unique"),
    (pipeline(stage(build(), build())), "InvalidStructure", "Action names must be unique within a stage"),
    (pipeline(stage()), "InvalidStructure", "between 1 and 50 actions"),
    (pipeline(stage(build(inputs=["none"]))), "InvalidStructure", "none in action build is not declared as Output"),
    (pipeline(stage(build(outputs=["x"]), build("b", inputs=["x"]))), "InvalidStructure", "x in action b is not"),
    (pipeline(stage(build(outputs=["code"]))), "InvalidStructure", "code has been used more than once"),
    (pipeline(stage(build(namespace="src"))), "InvalidStructure", "src has been used more than once"),
    (pipeline(stage(build(namespace="variables"))), "InvalidStructure", "variables is reserved"),
    (pipeline(stage(configured(Unknown="1"))), "InvalidActionDeclaration", "contains unknown configuration 'Unknown'"),
    (
        pipeline(stage(build(configuration={}))),
        "InvalidActionDeclaration",
        "missing required configuration 'ProjectName'",
    ),
    (pipeline(stage(configured(BatchEnabled="true"))), "Validation", "does not have the configuration BatchEnabled"),
    (pipeline(stage(build(inputs=[]))), "InvalidActionDeclaration", "0 input artifacts which is less than the minimum"),
    (pipeline(stage(approval(inputs=["code"]))), "InvalidActionDeclaration", "1 input artifacts which is more than"),
    (pipeline(stage(action("x", "Build", "Nobody"))), "InvalidActionDeclaration", "Provider: 'Nobody'"),
    (pipeline(stage(action("x", "Invoke", "Lambda"))), "Validation", "does not have the action type Invoke by Lambda"),
    (pipeline(stage(build(timeoutInMinutes=5))), "InvalidActionDeclaration", "only to the manual approval action"),
    (pipeline(stage(build(region="eu-west-1"))), "Validation", "another region"),
    (pipeline(stage(build(commands=["ls"]))), "Validation", "commands of an action"),
    (pipeline(stage(configured(EnvironmentVariables="{"))), "InvalidActionDeclaration", "is not valid JSON"),
    (pipeline(stage(variables({"name": "A"}))), "InvalidActionDeclaration", "must have name, value and type only"),
    (
        pipeline(stage(variables({"name": "A", "value": "", "type": "X"}))),
        "InvalidActionDeclaration",
        "has the type 'X'",
    ),
    (pipeline(stage(configured(PrimarySource="x"))), "InvalidActionDeclaration", "none of its input artifacts"),
    (
        pipeline(stage(build(outputs=["x"])), stage(build(inputs=["code", "x"]), name="N")),
        "InvalidActionDeclaration",
        "PrimarySource must name one",
    ),
    (
        pipeline(stage(workflow(InputType="FilePath", Input="x"))),
        "InvalidActionDeclaration",
        "needs one input artifact",
    ),
    (pipeline(stage(workflow(InputType="X"))), "InvalidActionDeclaration", "Literal or FilePath, not 'X'"),
    (
        pipeline(stage(approval(configuration={"NotificationArn": "arn:aws:sqs:x"}))),
        "InvalidActionDeclaration",
        "cannot be used to send approval requests",
    ),
    (pipeline(stage(build()), first=source(OutputArtifactFormat="TAR")), "InvalidActionDeclaration", "not 'TAR'"),
    (pipeline(stage(build()), first=source(FullRepositoryId="b")), "InvalidActionDeclaration", "<owner>/<name>"),
    (pipeline(stage(build()), first=source(DetectChanges="no")), "InvalidActionDeclaration", "true or false"),
    (pipeline(stage(variables({"name": "A", "value": "#{later.X}"}))), "InvalidActionDeclaration", "[later.X]"),
    (pipeline(stage(variables({"name": "A", "value": "#{src}"}))), "InvalidActionDeclaration", "[src]"),
    (
        pipeline(stage(build(namespace="b"), variables({"name": "A", "value": "#{b.X}"}) | {"name": "o"})),
        "InvalidActionDeclaration",
        "VariableReferenceText=[b.X]",
    ),
    (
        pipeline(stage(variables({"name": "A", "value": "#{variables.y}"})), variables=[{"name": "x"}]),
        "InvalidActionDeclaration",
        "a variable that does not exist",
    ),
    (
        pipeline(stage(build()), first=source(BranchName="#{variables.x}"), variables=[{"name": "x"}]),
        "InvalidStructure",
        "cannot be used in source actions",
    ),
    (pipeline(stage(build()), variables=[{"name": "x"}] * 2), "InvalidStructure", "Variable names must be unique"),
    (
        pipeline(stage(build()), pipelineType="V1", triggers=[trigger()]),
        "InvalidStructure",
        "triggers can only be used",
    ),
    (
        pipeline(stage(build()), pipelineType="V1", executionMode="QUEUED"),
        "InvalidStructure",
        "QUEUED can only be used",
    ),
    (pipeline(stage(build()), triggers=[trigger(sourceActionName="x")]), "InvalidStructure", "Trigger names source"),
    (pipeline(stage(build()), triggers=[trigger()] * 2), "InvalidStructure", "Only one trigger"),
    (pipeline(stage(build()), triggers=[trigger(pullRequest=[{}])]), "Validation", "triggers by pull requests"),
    (pipeline(stage(build()), triggers=[trigger(push=[{"tags": {"includes": ["v*"]}}])]), "Validation", "by tags"),
    (
        pipeline(stage(build()), triggers=[trigger(push=[{"filePaths": {"includes": ["a"]}}])]),
        "InvalidStructure",
        "need branches as well",
    ),
    (pipeline(stage(build(), blockers=[{}])), "Validation", "does not have blockers (stage Build)"),
    (pipeline(stage(build(), onFailure={"result": "ROLLBACK"})), "Validation", "onFailure with result ROLLBACK"),
    (pipeline(stage(build(), beforeEntry={"conditions": [{}]})), "Validation", "beforeEntry"),
]


@pytest.mark.parametrize(("declared", "code", "said"), BAD)
def test_a_broken_rule_is_named(declared, code, said):
    with pytest.raises(RuleError) as refused:
        check(declared, REGION)
    assert said in str(refused.value)
    assert refused.value.code == f"{code}Exception"


def test_a_declaration_is_completed_with_its_defaults():
    given = pipeline(stage({"name": "ask", "actionTypeId": approval()["actionTypeId"]}))
    before = copy.deepcopy(given)
    whole = completed(given, 3)
    assert given == before
    assert (whole["version"], whole["executionMode"]) == (3, "SUPERSEDED")
    [asked] = whole["stages"][1]["actions"]
    assert (asked["runOrder"], asked["configuration"], asked["inputArtifacts"]) == (1, {}, [])


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (pipeline(stage(build())), [["main"]]),
        (pipeline(stage(build()), first=source(DetectChanges="false")), []),
        (pipeline(stage(build()), triggers=[trigger(push=[{"branches": {"includes": ["x"]}}])]), [["x"]]),
        (pipeline(stage(build()), pipelineType="V1"), []),
    ],
)
def test_a_source_without_a_trigger_follows_its_branch(declared, expected):
    found = [push["branches"]["includes"] for one in completed(declared, 1).get("triggers", ())
             for push in one["gitConfiguration"]["push"]]  # fmt: skip
    assert found == expected


def test_actions_of_one_order_are_one_group():
    actions = [build("c", runOrder=2), build("a"), build("b", runOrder=1), build("d", runOrder=7)]
    assert [[one["name"] for one in group] for group in groups(actions)] == [["a", "b"], ["c"], ["d"]]
