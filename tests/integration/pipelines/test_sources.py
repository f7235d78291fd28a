"""What starts a pipeline, and what a source action says when it cannot have its commit."""

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from tests.integration.pipelines.delivery import PRINCIPAL, Pipeline, approval, stage, trust, wait

APPROVE = stage("Approve", approval())


def first_error(pipeline):
    [execution] = [one["pipelineExecutionId"] for one in pipeline.executions()]
    assert pipeline.ended(execution) == "Failed"
    return pipeline.error(execution, "source")


def create(delivery, name, **configuration):
    role = delivery.role(f"{name}-pipeline", PRINCIPAL, list(delivery.needs().values()))
    connection = configuration.get("ConnectionArn", delivery.connection)
    service, use = connection.split(":")[2], {"Resource": connection}
    delivery.twin.client("iam").put_role_policy(
        RoleName=f"{name}-pipeline",
        PolicyName="connection",
        PolicyDocument=json.dumps({"Statement": {"Effect": "Allow", "Action": f"{service}:UseConnection", **use}}),
    )
    declared = delivery.declaration(name, role, [delivery.source(**configuration), APPROVE])
    delivery.pipelines.create_pipeline(pipeline=declared)
    return Pipeline(delivery, name)


def test_a_pending_connection_fails_the_source_until_somebody_clicks(delivery, unique):
    connection = delivery.connect("pending")
    pipeline = create(delivery, unique("pending"), ConnectionArn=connection, DetectChanges="true")
    assert f"Connection {connection} is not available: its status is PENDING" in first_error(pipeline)["message"]
    watching = create(delivery, unique("watching"), DetectChanges="true")
    delivery.origin.push({"unseen.txt": "a push to a connection that waits starts nothing"})
    wait(watching.executions, lambda found: len(found) == 2)
    watching.client.delete_pipeline(name=watching.name)

    shown = delivery.click(connection)
    assert shown == {"ConnectionArn": connection, "ConnectionName": "pending", "ConnectionStatus": "AVAILABLE"}
    commit = delivery.origin.push({"seen.txt": "now it does"})
    [_, started] = wait(pipeline.executions, lambda found: len(found) == 2)
    assert started["trigger"]["triggerType"] == "WebhookV2"
    assert commit in started["trigger"]["triggerDetail"]
    pipeline.client.delete_pipeline(name=pipeline.name)


def test_the_click_needs_a_connection_that_exists(delivery):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        delivery.click("arn:aws:codestar-connections:us-east-1:1:connection/00000000-0000-0000-0000-000000000000")
    url = f"{delivery.twin.endpoint}/_fairway/connections/{delivery.connection.rpartition('/')[2]}"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(url).close()  # noqa: S310 -- our own; a GET clicks nothing


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"BranchName": "none"}, "[GitHub] No Branch [none] found for FullRepositoryName [acme/shop]"),
        ({"FullRepositoryId": "acme/other"}, "No Branch [main] found for FullRepositoryName [acme/other]"),
    ],
)
def test_a_branch_or_repository_that_is_not_there(delivery, unique, configuration, said):
    assert said in first_error(create(delivery, unique("absent"), **configuration))["message"]


def test_a_revision_can_be_asked_for(delivery, unique):
    pipeline = create(delivery, unique("revision"))
    old = delivery.origin.push({"a.txt": "old"})
    delivery.origin.push({"a.txt": "new"})
    asked = {"actionName": "source", "revisionType": "COMMIT_ID", "revisionValue": old}
    execution = pipeline.start(sourceRevisions=[asked])
    wait(lambda: pipeline.get(execution)["artifactRevisions"], lambda found: found and found[0]["revisionId"] == old)
    pipeline.stop(execution)
    gone = pipeline.start(sourceRevisions=[{**asked, "revisionValue": "0" * 40}])
    assert pipeline.ended(gone) == "Failed"
    assert f"No Commit [{'0' * 40}] found" in pipeline.error(gone, "source")["message"]
    with pytest.raises(ClientError, match="has no source action 'other'"):
        pipeline.start(sourceRevisions=[{**asked, "actionName": "other"}])


def test_both_names_of_the_service_see_a_connection(delivery):
    for service in ("codeconnections", "codestar-connections"):
        client = delivery.twin.client(service)
        found = client.get_connection(ConnectionArn=delivery.connection)["Connection"]
        assert (found["ConnectionName"], found["ConnectionStatus"]) == ("shop", "AVAILABLE")
    made = client.create_connection(ConnectionName="gone", ProviderType="GitHub")["ConnectionArn"]
    assert made in [one["ConnectionArn"] for one in client.list_connections()["Connections"]]
    client.delete_connection(ConnectionArn=made)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_connection(ConnectionArn=made)


def rule(delivery, pipeline, role):
    """Let an event of ours start a pipeline."""
    events, name = delivery.twin.client("events"), f"{pipeline.name}-rule"
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [pipeline.name]}))
    arn = f"arn:aws:codepipeline:us-east-1:{delivery.twin.account}:{pipeline.name}"
    events.put_targets(Rule=name, Targets=[{"Id": "pipeline", "Arn": arn, "RoleArn": role}])
    return arn


def send(delivery, pipeline):
    entry = {"Source": pipeline.name, "DetailType": "drift", "Detail": "{}"}
    delivery.twin.client("events").put_events(Entries=[entry])


def test_a_rule_starts_a_pipeline_as_its_role(delivery, unique):
    allowed, denied = create(delivery, unique("ruled")), create(delivery, unique("unruled"))
    arn = f"arn:aws:codepipeline:us-east-1:{delivery.twin.account}:{allowed.name}"
    may = {"Action": "codepipeline:StartPipelineExecution", "Resource": arn}
    role = delivery.role(unique("rule"), "events.amazonaws.com", [may])
    for pipeline in (denied, allowed):
        rule(delivery, pipeline, role)
        send(delivery, pipeline)
    started = wait(allowed.executions, lambda found: len(found) == 2)
    assert started[1]["trigger"]["triggerType"] == "CloudWatchEvent"
    assert started[1]["trigger"]["triggerDetail"].endswith(f"rule/{allowed.name}-rule")
    log = delivery.twin.directory / "twin.log"
    wait(
        log.read_text,
        lambda text: f"EventBridge could not start the pipeline {arn.replace(allowed.name, denied.name)}" in text,
    )
    assert len(denied.executions()) == 1

    iam = delivery.twin.client("iam")
    iam.update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=trust("lambda.amazonaws.com"))
    send(delivery, allowed)
    wait(log.read_text, lambda text: f"EventBridge could not start the pipeline {arn}" in text)
    assert len(allowed.executions()) == 2
