"""What a dead Terraform left is found by its name, and a key by its tags."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fairway.delivery.adoption import (
    Found,
    Planned,
    creations,
    find,
    import_blocks,
    orphaned_keys,
)
from fairway.delivery.finders import FINDERS, Account

TERRAFORM = Path(__file__).parents[3] / "terraform"
TAGS = {"project": "flights", "environment": "dev"}

# Made by a Put, which may be repeated, or a part of something that is found.
REPEATABLE = {
    "aws_appautoscaling_policy",
    "aws_appautoscaling_scheduled_action",
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_event_target",
    "aws_cloudwatch_log_metric_filter",
    "aws_cloudwatch_metric_alarm",
    "aws_ecr_lifecycle_policy",
    "aws_ecr_repository_policy",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_sagemaker_model_package_group_policy",
    "aws_sns_topic",
    "aws_sns_topic_policy",
}


class Service:
    """Answers by operation: a value, or an error's code and message; pages are one."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            answer = self._answers[operation]
            if callable(answer):
                return answer(**request)
            if isinstance(answer, tuple):
                code, message = answer
                raise ClientError({"Error": {"Code": code, "Message": message}}, operation)
            return answer

        return call

    def get_paginator(self, operation: str) -> Any:
        call = getattr(self, operation)
        return type("Paginator", (), {"paginate": staticmethod(lambda **request: [call(**request)])})


def account(**services: dict[str, Any]) -> Account:
    made = {name: Service(answers) for name, answers in services.items()}
    return Account("111111111111", "us-east-1", made.__getitem__)


def ids(type_: str, values: dict[str, Any], where: Account) -> list[str]:
    return [each.id for each in find([Planned("module.a.x", type_, values)], where)]


def test_every_type_of_the_templates_is_found_or_may_be_made_again():
    used = {
        name
        for path in TERRAFORM.rglob("*.tf")
        for name in re.findall(r'^resource "(\w+)"', path.read_text(), re.MULTILINE)
    }
    nowhere = {"terraform_data"}  # it exists in the state alone
    assert used - REPEATABLE - nowhere - set(FINDERS) == set(), (
        "say in adoption.py how one that a killed apply left is found"
    )


def test_creations_are_what_a_plan_makes_where_there_was_nothing():
    def change(address: str, *actions: str, mode: str = "managed") -> dict[str, Any]:
        after = {"name": address}
        return {
            "address": address, "type": "aws_iam_role", "mode": mode, "change": {"actions": [*actions], "after": after}
        }  # fmt: skip

    plan = {
        "resource_changes": [
            change("a", "create"), change("b", "delete", "create"), change("c", "update"), change("d", "no-op"),
            change("e", "create", mode="data"),
        ]
    }  # fmt: skip
    assert creations(plan) == [Planned("a", "aws_iam_role", {"name": "a"})]
    assert creations({}) == []


@pytest.mark.parametrize(
    ("type_", "values", "service", "operation", "answer"),
    [
        ("aws_iam_role", {"name": "n"}, "iam", "get_role", ("NoSuchEntity", "")),
        ("aws_s3_bucket", {"bucket": "n"}, "s3", "head_bucket", ("404", "Not Found")),
        ("aws_ecr_repository", {"name": "n"}, "ecr", "describe_repositories", ("RepositoryNotFoundException", "")),
        ("aws_sagemaker_model", {"name": "n"}, "sagemaker", "describe_model",
         ("ValidationException", 'Could not find model "n".')),
        ("aws_sagemaker_endpoint_configuration", {"name": "n"}, "sagemaker", "describe_endpoint_config",
         ("ValidationException", 'Could not find endpoint configuration "n".')),
        ("aws_sagemaker_endpoint", {"name": "n"}, "sagemaker", "describe_endpoint",
         ("ValidationException", 'Could not find endpoint "n".')),
        ("aws_sagemaker_model_package_group", {"model_package_group_name": "n"}, "sagemaker",
         "describe_model_package_group", ("ValidationException", "ModelPackageGroup arn does not exist.")),
        ("aws_codepipeline", {"name": "n"}, "codepipeline", "get_pipeline", ("PipelineNotFoundException", "")),
        ("aws_codedeploy_app", {"name": "n"}, "codedeploy", "get_application",
         ("ApplicationDoesNotExistException", "")),
        ("aws_codedeploy_deployment_config", {"deployment_config_name": "n"}, "codedeploy", "get_deployment_config",
         ("DeploymentConfigDoesNotExistException", "")),
        ("aws_lambda_function", {"function_name": "n"}, "lambda", "get_function", ("ResourceNotFoundException", "")),
    ],
)  # fmt: skip
def test_what_is_asked_for_by_name_is_there_or_not(type_, values, service, operation, answer):
    assert ids(type_, values, account(**{service: {operation: {}}})) == ["n"]
    assert ids(type_, values, account(**{service: {operation: answer}})) == []


@pytest.mark.parametrize(
    ("type_", "values", "call", "answers", "identity"),
    [
        ("aws_codedeploy_deployment_group", {"app_name": "a", "deployment_group_name": "g"},
         "codedeploy get_deployment_group", ({}, ("DeploymentGroupDoesNotExistException", "")), "a:g"),
        ("aws_lambda_alias", {"function_name": "f", "name": "live"},
         "lambda get_alias", ({}, ("ResourceNotFoundException", "")), "f/live"),
        ("aws_lambda_permission", {"function_name": "f", "qualifier": "live", "statement_id": "api"},
         "lambda get_policy", tuple({"Policy": json.dumps({"Statement": [{"Sid": sid}]})} for sid in ("api", "b")),
         "f:live/api"),
        ("aws_codebuild_project", {"name": "n"},
         "codebuild batch_get_projects", ({"projects": [{}]}, {"projects": []}), "n"),
        ("aws_codebuild_report_group", {"name": "n"},
         "codebuild batch_get_report_groups", ({"reportGroups": [{}]}, {"reportGroups": []}),
         "arn:aws:codebuild:us-east-1:111111111111:report-group/n"),
        ("aws_codeconnections_connection", {"name": "n"}, "codeconnections list_connections",
         tuple({"Connections": [{"ConnectionName": name, "ConnectionArn": "arn"}]} for name in "nm"), "arn"),
        ("aws_apigatewayv2_api", {"name": "n"}, "apigatewayv2 get_apis",
         tuple({"Items": [{"Name": name, "ApiId": "i"}]} for name in "nm"), "i"),
        ("aws_apigatewayv2_route", {"api_id": "i", "route_key": "POST /"}, "apigatewayv2 get_routes",
         tuple({"Items": [{"RouteKey": f"{verb} /", "RouteId": "r"}]} for verb in ("POST", "GET")), "i/r"),
    ],
)  # fmt: skip
def test_what_is_known_by_more_than_a_name_is_there_or_not(type_, values, call, answers, identity):
    service, operation = call.split()
    there, absent = (account(**{service: {operation: answer}}) for answer in answers)
    assert ids(type_, values, there) == [identity]
    assert ids(type_, values, absent) == []


def test_a_part_of_an_api_that_is_not_known_yet_is_not_asked_for():
    assert ids("aws_apigatewayv2_route", {"route_key": "POST /"}, account()) == []


def test_a_state_machine_is_imported_by_its_arn():
    arn = "arn:aws:states:us-east-1:111111111111:stateMachine:n"
    where = account(stepfunctions={"describe_state_machine": {}})
    assert ids("aws_sfn_state_machine", {"name": "n"}, where) == [arn]
    gone = account(stepfunctions={"describe_state_machine": ("StateMachineDoesNotExist", "")})
    assert ids("aws_sfn_state_machine", {"name": "n"}, gone) == []


@pytest.mark.parametrize(
    ("type_", "values", "operation", "arn"),
    [
        ("aws_iam_policy", {"path": "/", "name": "n"}, "get_policy", "arn:aws:iam::111111111111:policy/n"),
        (
            "aws_iam_openid_connect_provider", {"url": "https://a.example"}, "get_open_id_connect_provider",
            "arn:aws:iam::111111111111:oidc-provider/a.example",
        ),
    ],
)  # fmt: skip
def test_what_iam_knows_by_an_arn_is_imported_by_it(type_, values, operation, arn):
    assert ids(type_, values, account(iam={operation: {}})) == [arn]
    assert ids(type_, values, account(iam={operation: ("NoSuchEntity", "")})) == []


@pytest.mark.parametrize(("there", "expected"), [(["/a", "/a/b"], ["/a"]), (["/a/b"], []), ([], [])])
def test_a_log_group_is_told_from_those_that_begin_with_its_name(there, expected):
    where = account(logs={"describe_log_groups": {"logGroups": [{"logGroupName": name} for name in there]}})
    assert ids("aws_cloudwatch_log_group", {"name": "/a"}, where) == expected


@pytest.mark.parametrize(("there", "expected"), [([{}], ["sagemaker/endpoint/n/variant/v/dim"]), ([], [])])
def test_a_scalable_target_is_imported_by_what_it_scales(there, expected):
    where = account(**{"application-autoscaling": {"describe_scalable_targets": {"ScalableTargets": there}}})
    values = {"service_namespace": "sagemaker", "resource_id": "endpoint/n/variant/v", "scalable_dimension": "dim"}
    assert ids("aws_appautoscaling_target", values, where) == expected


@pytest.mark.parametrize(("there", "expected"), [(["alias/n"], ["alias/n"]), (["alias/n2"], [])])
def test_an_alias_is_found_in_the_list(there, expected):
    where = account(kms={"list_aliases": {"Aliases": [{"AliasName": name} for name in there]}})
    assert ids("aws_kms_alias", {"name": "alias/n"}, where) == expected


def keys(*known: tuple[str, str, str], aliased: str = "") -> Account:
    """Make an account whose keys have the tags: name, description and state of each."""
    told = {
        f"arn:{name}": {"KeyId": name, "Arn": f"arn:{name}", "Description": what, "KeyState": state}
        for name, what, state in known
    }

    def tagged(**request: Any) -> dict[str, Any]:
        assert {each["Key"]: each["Values"] for each in request["TagFilters"]} == {k: [v] for k, v in TAGS.items()}
        return {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in told]}

    return account(
        resourcegroupstaggingapi={"get_resources": tagged},
        kms={
            "describe_key": lambda KeyId: {"KeyMetadata": told[KeyId]},  # noqa: N803 -- the API's name
            "list_aliases": {"Aliases": [{"AliasName": "alias/aws/s3"}, {"AliasName": "x", "TargetKeyId": aliased}]},
        },
    )


def test_a_key_is_found_by_tags_and_description_the_aliased_one_first():
    values = {"description": "ours", "tags_all": TAGS}
    there = [("1", "ours", "Enabled"), ("2", "ours", "Enabled"), ("3", "another", "Enabled")]
    assert ids("aws_kms_key", values, keys(*there)) == ["1"]
    assert ids("aws_kms_key", values, keys(*there, aliased="2")) == ["2"]
    assert ids("aws_kms_key", values, keys(("1", "ours", "PendingDeletion"))) == []


def test_a_key_that_no_state_knows_is_told():
    def module(key_id: str) -> dict[str, Any]:
        return {"resources": [{"mode": "managed", "type": "aws_kms_key", "values": {"key_id": key_id}}]}

    plan = {"prior_state": {"values": {"root_module": {**module("1"), "child_modules": [module("2")]}}}}
    where = keys(*((name, "d", "Enabled") for name in "1234"), ("5", "d", "PendingDeletion"))
    assert orphaned_keys(plan, [Found("module.x", "3")], TAGS, where) == ["arn:4"]
    assert orphaned_keys({}, [], TAGS, keys(("1", "d", "Enabled"))) == ["arn:1"]


def test_an_answer_that_says_nothing_of_existence_is_an_error():
    refused = account(iam={"get_role": ("AccessDenied", "not authorized")})
    with pytest.raises(ClientError, match="not authorized"):
        ids("aws_iam_role", {"name": "n"}, refused)


def test_types_that_are_made_by_a_put_are_not_asked_for():
    assert ids("aws_iam_role_policy", {"name": "n"}, account()) == []


def test_import_blocks_hold_addresses_as_they_are_and_ids_as_literals():
    found = [Found('module.a["b"].aws_iam_role.this', "n"), Found("aws_iam_role.x", 'a"${b}%{c}')]
    assert import_blocks(found) == (
        'import {\n  to = module.a["b"].aws_iam_role.this\n  id = "n"\n}\n\n'
        'import {\n  to = aws_iam_role.x\n  id = "a\\"$${b}%%{c}"\n}\n'
    )
