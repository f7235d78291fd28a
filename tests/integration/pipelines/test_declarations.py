"""What the API itself checks of a declaration, and of who declares it; the rules of structure are unit tests."""

import json

import pytest
from botocore.exceptions import ClientError
from tests.integration.pipelines.delivery import PRINCIPAL, approval, policy, stage

APPROVE = stage("Approve", approval())


@pytest.fixture(scope="module")
def pipeline_role(delivery):
    return delivery.role("declared-pipeline", PRINCIPAL, list(delivery.needs().values()))


def test_a_role_must_trust_codepipeline(delivery):
    other = delivery.role("of-lambda", "lambda.amazonaws.com", [])
    declared = delivery.declaration("untrusted", other, [delivery.source(), APPROVE])
    with pytest.raises(ClientError, match=f"not authorized to perform AssumeRole on role {other}") as refused:
        delivery.pipelines.create_pipeline(pipeline=declared)
    assert refused.value.response["Error"]["Code"] == "InvalidStructureException"


@pytest.mark.parametrize(
    "missing", ["iam:PassRole", "codestar-connections:PassConnection", "codepipeline:CreatePipeline"]
)
def test_whoever_creates_a_pipeline_passes_its_role_and_its_connection(
    delivery, as_role, pipeline_role, unique, missing
):
    actions = {"iam:PassRole", "codestar-connections:PassConnection", "codepipeline:CreatePipeline"} - {missing}
    caller = as_role({"Action": sorted(actions), "Resource": "*"})
    declared = delivery.declaration(unique("passed"), pipeline_role, [delivery.source(), APPROVE])
    with pytest.raises(ClientError, match=missing) as refused:
        delivery.twin.client("codepipeline", caller).create_pipeline(pipeline=declared)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_versions_and_tags(delivery, pipeline_role, unique):
    name = unique("versioned")
    declared = delivery.declaration(name, pipeline_role, [delivery.source(), APPROVE])
    delivery.pipelines.create_pipeline(pipeline=declared, tags=[{"key": "team", "value": "shop"}])
    with pytest.raises(ClientError, match="PipelineNameInUseException"):
        delivery.pipelines.create_pipeline(pipeline=declared)
    assert (
        delivery.pipelines.update_pipeline(pipeline={**declared, "executionMode": "QUEUED"})["pipeline"]["version"] == 2
    )
    modes = [delivery.pipelines.get_pipeline(name=name, version=one)["pipeline"]["executionMode"] for one in (1, 2)]
    assert modes == ["SUPERSEDED", "QUEUED"]
    with pytest.raises(ClientError, match="PipelineVersionNotFoundException"):
        delivery.pipelines.get_pipeline(name=name, version=3)
    arn = delivery.pipelines.get_pipeline(name=name)["metadata"]["pipelineArn"]
    delivery.pipelines.tag_resource(resourceArn=arn, tags=[{"key": "cost", "value": "7"}])
    delivery.pipelines.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert delivery.pipelines.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "cost", "value": "7"}]
    assert name in [one["name"] for one in delivery.pipelines.list_pipelines()["pipelines"]]


def test_a_stages_policies_name_the_stage(delivery, as_role, unique):
    pipeline = delivery.create(unique("guarded"), APPROVE)
    token = pipeline.asked()
    arn = f"arn:aws:codepipeline:us-east-1:{delivery.twin.account}:{pipeline.name}"
    for resource, allowed in ((f"{arn}/Approve/other", False), (f"{arn}/Approve/ask", True)):
        caller = as_role({"Action": "codepipeline:PutApprovalResult", "Resource": resource})
        result = {"status": "Approved", "summary": ""}
        which = {"pipelineName": pipeline.name, "stageName": "Approve", "actionName": "ask"}
        client = delivery.twin.client("codepipeline", caller)
        if allowed:
            client.put_approval_result(**which, result=result, token=token)
        else:
            with pytest.raises(ClientError, match="codepipeline:PutApprovalResult"):
                client.put_approval_result(**which, result=result, token=token)


def test_the_trail_shows_what_a_role_did_for_a_pipeline(delivery, unique):
    pipeline = delivery.create(unique("trailed"), APPROVE)
    pipeline.asked()
    trail = delivery.twin.client("cloudtrail")
    found = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "UseConnection"}])
    seen = [json.loads(one["CloudTrailEvent"]) for one in found["Events"]]
    mine = [one for one in seen if f"{pipeline.name}-pipeline/" in one["userIdentity"]["arn"]]
    assert [one["requestParameters"]["connectionArn"] for one in mine] == [delivery.connection]
    assert mine[0]["eventSource"] == "codestar-connections.amazonaws.com"


def test_a_boundary_limits_the_use_of_a_connection(delivery, unique):
    name, iam = unique("bounded"), delivery.twin.client("iam")
    role = delivery.role(f"{name}-pipeline", PRINCIPAL, list(delivery.needs().values()))
    allowed = policy([{"Action": ["s3:*", "kms:*"], "Resource": "*"}])
    boundary = iam.create_policy(PolicyName=f"{name}-boundary", PolicyDocument=allowed)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=f"{name}-pipeline", PermissionsBoundary=boundary)
    pipeline = delivery.create(name, APPROVE, role=role)
    [execution] = [one["pipelineExecutionId"] for one in pipeline.executions()]
    assert pipeline.ended(execution) == "Failed"
    assert "UseConnection" in pipeline.error(execution, "source")["message"]
