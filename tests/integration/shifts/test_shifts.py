"""The inference API, signed and not; its versions: shifted by canary, refused by the hook, rolled back by an alarm."""

import time
from pathlib import Path

import pytest
from tests.integration.console import commands, run
from tests.integration.shifts.conftest import Load

from fairway.delivery.api_release import Clients, Release, shift
from fairway.errors import ApiDeploymentError

PAGE = Path(__file__).parents[3] / "docs/troubleshooting.md"
ROW = {"instances": [{"hour": 3}]}
RAISES = """
def handler(event, context):
    raise KeyError("broken")
"""
# The hook's own requests are answered, everybody else's are not.
RAISES_LATER = """
_well = handler
def handler(event, context):
    if not event["headers"].get("x-correlation-id", "").startswith("check-"):
        raise KeyError("broken for clients")
    return _well(event, context)
"""


@pytest.fixture
def deploy(twin, api):
    """Shift the API to the version that was published last, and return what was said on the way."""

    def run() -> list[str]:
        clients = Clients(
            twin.client("codedeploy"), twin.client("lambda"), twin.client("logs"), lambda: time.sleep(0.1)
        )
        said: list[str] = []
        shift(clients, Release(**api.outputs["deployment"]), said.append)
        return said

    return run


def serving(twin):
    """Return the version that the alias is at, and the share of others."""
    alias = twin.client("lambda").get_alias(FunctionName="flights-prod-api", Name="live")
    return alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def test_a_signed_request_is_predicted(api):
    answer = api.ask(ROW, x_correlation_id="mine")
    assert (answer.status, answer.document) == (200, {"predictions": [{"half": 1.5}]})
    assert (answer.headers["x-correlation-id"], answer.headers["x-fairway-release"]) == ("mine", "7")


def test_an_unsigned_request_is_refused(api):
    answer = api.ask(ROW, signed=False)
    assert (answer.status, answer.document) == (403, {"message": "Forbidden"})


def test_only_who_may_invoke_this_route_is_answered(api, as_role):
    route = {"Action": "execute-api:Invoke", "Resource": api.outputs["invoke_arn"]}
    other = {"Action": "execute-api:Invoke", "Resource": api.outputs["invoke_arn"].replace("POST", "GET")}
    assert api.ask(ROW, as_role(route)).status == 200
    assert api.ask(ROW, as_role(other)).status == 403
    assert api.ask(ROW, {**as_role(route), "SecretAccessKey": "another"}).status == 403


def test_a_wrong_value_is_told_before_the_model_is_asked(api):
    answer = api.ask({"instances": [{"hour": 3}, {"hour": 24}]})
    assert answer.status == 400
    assert answer.document == {"error": "row 2, column 'hour': 24 came, an integer from 0 to 23 was expected"}


def test_what_the_container_refuses_is_the_clients_fault(api):
    answer = api.ask({"instances": [{"hour": 13}]})
    assert (answer.status, answer.document) == (400, {"error": "row 1: no flight leaves at 13"})


def test_nothing_is_deployed_and_nothing_is_planned_where_nothing_changed(api, deploy):
    assert deploy() == []
    assert api.changes() == ""


def test_versions_shift_by_canary_and_are_rolled_back_by_the_hook_and_by_an_alarm(twin, api, deploy):
    with Load(api) as load:
        api.apply("# another\n")
        assert serving(twin) == ("1", {})  # Terraform publishes; it shifts nothing
        said = deploy()
    assert serving(twin) == ("2", {})
    assert {answer.status for answer in load.answers} == {200}
    assert {"1", "2"} == set(load.versions)
    both = load.versions[load.versions.index("2") :]
    assert "1" in both, "the canary had all of the traffic"
    assert any("version 2 gets 25 %" in line for line in said)

    api.publish(RAISES)
    with Load(api) as load, pytest.raises(ApiDeploymentError) as refused:
        deploy()
    assert "Failed at BeforeAllowTraffic (HOOK_EXECUTION_FAILURE)" in str(refused.value)
    assert "The hook says: version 3 of flights-prod-api raised" in str(refused.value)
    assert "Version 2 answers all requests again." in str(refused.value)
    assert serving(twin) == ("2", {})
    assert {(answer.status, answer.headers["x-version"]) for answer in load.answers} == {(200, "2")}

    api.apply(RAISES_LATER)
    with Load(api) as load, pytest.raises(ApiDeploymentError) as rolled:
        deploy()
    assert "Stopped at AllowTraffic (ALARM_ACTIVE)" in str(rolled.value)
    assert "flights-prod-api-errors" in str(rolled.value)
    assert serving(twin) == ("2", {})
    statuses = [answer.status for answer in load.answers]
    assert set(statuses) == {200, 500}, "the canary's share failed, and nothing else"
    assert statuses.count(500) < len(statuses) / 2
    assert api.ask(ROW).headers["x-version"] == "2"
    assert api.changes() == ""

    [last, *_] = twin.client("codedeploy").list_deployments()["deployments"]
    for name, heading in (("shifts", "The endpoint"), ("flights-prod", "CodeDeploy")):
        for command in commands(PAGE, heading):
            assert run(command, {"ENDPOINT": name, "DEPLOYMENT": last}, twin.client) is not None, command

    api.destroy()
    assert twin.client("lambda").list_functions()["Functions"] == []
    assert twin.client("apigatewayv2").get_apis()["Items"] == []
    assert twin.client("codedeploy").list_applications()["applications"] == []
    assert twin.client("codedeploy").list_deployments()["deployments"] == []
    assert not [name for name in twin.client("codedeploy").list_deployment_configs()["deploymentConfigsList"]
                if name.startswith("flights")]  # fmt: skip
