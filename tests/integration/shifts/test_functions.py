"""What the twin makes of ministack's Lambda and API Gateway (twin/base_functions.py): an upgrade fails here."""

import io
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

CODE = """
import os
def handler(event, context):
    if event == "raise" or (isinstance(event, dict) and event.get("rawPath") == "/raise"):
        raise KeyError("secret")
    return {"statusCode": 200, "body": os.environ["AWS_LAMBDA_FUNCTION_VERSION"]}
"""


def package(comment=""):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", CODE + comment)
    return buffer.getvalue()


@pytest.fixture
def function(twin, role, unique):
    """Make a function with two versions, and an alias that is at the first."""
    client, name = twin.client("lambda"), unique("function")
    client.create_function(
        FunctionName=name, Runtime="python3.11", Handler="app.handler", Role=role("lambda.amazonaws.com"),
        Code={"ZipFile": package()}, Publish=True,
    )  # fmt: skip
    client.update_function_code(FunctionName=name, ZipFile=package("# 2"), Publish=True)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    yield name
    client.delete_function(FunctionName=name)


def versions(twin, function, number=60):
    client = twin.client("lambda")
    return Counter(client.invoke(FunctionName=function, Qualifier="live")["ExecutedVersion"] for _ in range(number))


def test_an_alias_shares_its_traffic_by_weight(twin, function):
    client = twin.client("lambda")
    assert versions(twin, function, 10) == {"1": 10}
    client.update_alias(FunctionName=function, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    shared = versions(twin, function)
    assert 10 < shared["2"] < 50  # by chance outside once in ten million runs
    client.update_alias(
        FunctionName=function, Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}}
    )
    assert versions(twin, function, 10) == {"2": 10}


def test_invocations_are_counted_by_alias_and_by_version(twin, function):
    client = twin.client("lambda")
    client.invoke(FunctionName=function, Qualifier="live")
    client.invoke(FunctionName=function, Qualifier="live", Payload=b'"raise"')
    client.invoke(FunctionName=function, Qualifier="2")

    def total(metric, **dimensions):
        now = datetime.now(UTC)
        points = twin.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda", MetricName=metric, StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1), Period=600, Statistics=["Sum"],
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        )["Datapoints"]  # fmt: skip
        return sum(point["Sum"] for point in points)

    alias = {"FunctionName": function, "Resource": f"{function}:live"}
    assert (total("Invocations", FunctionName=function), total("Errors", FunctionName=function)) == (3, 1)
    assert (total("Invocations", **alias), total("Errors", **alias)) == (2, 1)
    assert total("Invocations", **alias, ExecutedVersion="1") == 2
    assert total("Invocations", FunctionName=function, Resource=f"{function}:2", ExecutedVersion="2") == 1


def test_a_role_that_lambda_may_not_assume_is_refused(twin, role, function):
    other = role("sagemaker.amazonaws.com")
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        twin.client("lambda").update_function_configuration(FunctionName=function, Role=other)


@pytest.fixture
def answers(twin, function):
    """Put an API without authorization before the alias, and return what asks it."""
    client = twin.client("apigatewayv2")
    api = client.create_api(Name=function, ProtocolType="HTTP")
    alias = twin.client("lambda").get_alias(FunctionName=function, Name="live")["AliasArn"]
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{alias}/invocations"
    integration = client.create_integration(
        ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for route in ("GET /well", "GET /raise"):
        client.create_route(ApiId=api["ApiId"], RouteKey=route, Target=f"integrations/{integration}")
    client.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)

    def ask(path):
        try:
            with urlopen(Request(api["ApiEndpoint"] + path), timeout=30) as answer:  # noqa: S310 -- the twin's own
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    ask.api = api["ApiId"]  # type: ignore[attr-defined]
    yield ask
    client.delete_api(ApiId=api["ApiId"])


def permit(twin, function, source, **more):
    twin.client("lambda").add_permission(
        FunctionName=function, StatementId="api", Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com", SourceArn=source, **more,
    )  # fmt: skip


def test_an_api_answers_on_the_loopback_once_the_alias_permits_it(twin, function, answers):
    refused = 500, b'{"message":"Internal Server Error"}'
    assert answers("/well") == refused
    place = f"arn:aws:execute-api:us-east-1:111111111111:{answers.api}"
    permit(twin, function, f"{place}/*/GET/well", Qualifier="live")
    assert answers("/well") == (200, b"1")
    assert answers("/raise") == refused, "the permission is for the other route"


def test_what_a_function_raises_is_not_told(twin, function, answers):
    permit(twin, function, f"arn:aws:execute-api:us-east-1:111111111111:{answers.api}/*", Qualifier="live")
    assert answers("/raise") == (500, b'{"message":"Internal Server Error"}')


def test_policies_are_evaluated_for_the_action_and_the_version(twin, function, as_role):
    arn = f"arn:aws:lambda:us-east-1:111111111111:function:{function}"
    client = twin.client(
        "lambda", as_role({"Action": "lambda:GetAlias", "Resource": arn},
                          {"Action": "lambda:InvokeFunction", "Resource": f"{arn}:2"})
    )  # fmt: skip
    assert client.get_alias(FunctionName=function, Name="live")["FunctionVersion"] == "1"
    with pytest.raises(ClientError, match="lambda:UpdateAlias"):
        client.update_alias(FunctionName=function, Name="live", FunctionVersion="2")
    assert client.invoke(FunctionName=function, Qualifier="2")["StatusCode"] == 200
    with pytest.raises(ClientError, match="lambda:InvokeFunction"):
        client.invoke(FunctionName=function, Qualifier="1")


def test_who_may_make_one_function_may_make_no_other(twin, role, unique, as_role):
    name = unique("made")
    arn = f"arn:aws:lambda:us-east-1:111111111111:function:{name}"
    client = twin.client("lambda", as_role({"Action": "lambda:CreateFunction", "Resource": arn}))
    given = {"Runtime": "python3.11", "Handler": "app.handler", "Role": role("lambda.amazonaws.com")}
    with pytest.raises(ClientError, match="lambda:CreateFunction"):
        client.create_function(FunctionName=f"{name}-other", Code={"ZipFile": package()}, **given)
    client.create_function(FunctionName=name, Code={"ZipFile": package()}, **given)
    twin.client("lambda").delete_function(FunctionName=name)
