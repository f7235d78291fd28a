"""Terraform takes SageMaker's resources up, finds no difference, changes them, finds none, and takes them down."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.integration.runtime.hand_made import FILES, layer, model_archive, push

from fairway.delivery.mirror import find_mirror, write_cli_config

LOCK_FILE = Path(__file__).parents[3] / "terraform" / "bootstrap" / ".terraform.lock.hcl"
PROVIDER = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
provider "aws" {
  default_tags { tags = { project = "flights" } }
}
variable "suffix" { type = string }
variable "role" { type = string }
variable "image" { type = string }
variable "data" { type = string }
variable "description" { type = string }
"""
MODEL = """
resource "aws_sagemaker_model" "this" {
  name               = "tf-model-${var.suffix}"
  execution_role_arn = var.role
  primary_container {
    image          = var.image
    model_data_url = var.data
  }
}
"""
RESOURCES = """
resource "aws_sagemaker_model_package_group" "this" {
  model_package_group_name        = "tf-group-${var.suffix}"
  model_package_group_description = "for a test"
  tags                            = { note = var.description }
}
resource "aws_sagemaker_model_package_group_policy" "this" {
  model_package_group_name = aws_sagemaker_model_package_group.this.model_package_group_name
  resource_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = replace(var.description, "-", "")
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::222222222222:root" }
      Action    = "sagemaker:DescribeModelPackageGroup"
      Resource  = aws_sagemaker_model_package_group.this.arn
    }]
  })
}
resource "aws_sagemaker_model" "this" {
  name               = "tf-model-${var.suffix}"
  execution_role_arn = var.role
  primary_container {
    image          = var.image
    model_data_url = var.data
    environment    = { FAIRWAY_RELEASE = "1" }
  }
  tags = { note = var.description }
}
resource "aws_sagemaker_endpoint_configuration" "this" {
  name = "tf-config-${var.suffix}-${var.description}"
  production_variants {
    variant_name           = "current"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = "ml.m5.large"
    initial_instance_count = 1
    initial_variant_weight = 1
  }
  data_capture_config {
    initial_sampling_percentage = 50
    destination_s3_uri          = "s3://somewhere/captured"
    capture_options { capture_mode = "Input" }
    capture_options { capture_mode = "Output" }
    capture_content_type_header {
      csv_content_types  = ["text/csv"]
      json_content_types = ["application/json"]
    }
  }
  shadow_production_variants {
    variant_name           = "candidate"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = "ml.m5.large"
    initial_instance_count = 1
    initial_variant_weight = 1
  }
  lifecycle { create_before_destroy = true }
}
resource "aws_sagemaker_endpoint" "this" {
  name                 = "tf-endpoint-${var.suffix}"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this.name
}
resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name          = "tf-latency-${var.suffix}"
  alarm_description   = var.description
  namespace           = "AWS/SageMaker"
  metric_name         = "ModelLatency"
  extended_statistic  = "p99"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = 100000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "ignore"
  actions_enabled     = false
  dimensions          = { EndpointName = aws_sagemaker_endpoint.this.name, VariantName = "current" }
}
resource "aws_cloudwatch_metric_alarm" "rate" {
  alarm_name                = "tf-rate-${var.suffix}"
  evaluation_periods        = 1
  threshold                 = 5
  comparison_operator       = "GreaterThanThreshold"
  treat_missing_data        = "notBreaching"
  alarm_actions             = ["arn:aws:sns:us-east-1:111111111111:topic"]
  insufficient_data_actions = ["arn:aws:sns:us-east-1:111111111111:topic"]
  metric_query {
    id          = "rate"
    expression  = "100 * errors / calls"
    label       = var.description
    return_data = true
  }
  dynamic "metric_query" {
    for_each = { errors = "Invocation5XXErrors", calls = "Invocations" }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/SageMaker"
        metric_name = metric_query.value
        period      = 60
        stat        = "Sum"
        dimensions  = { EndpointName = aws_sagemaker_endpoint.this.name }
      }
    }
  }
}
resource "aws_cloudwatch_composite_alarm" "any" {
  alarm_name = "tf-any-${var.suffix}"
  alarm_rule = join(" OR ", [
    for alarm in [aws_cloudwatch_metric_alarm.latency, aws_cloudwatch_metric_alarm.rate] :
    "ALARM(${alarm.alarm_name})"
  ])
}
"""


class Terraform:
    def __init__(self, directory: Path, variables: dict[str, str], text: str, **given: str) -> None:
        self._directory = directory
        self._environment = {**os.environ, **variables, **{f"TF_VAR_{name}": value for name, value in given.items()}}
        if (mirror := find_mirror()) is not None:
            self._environment["TF_CLI_CONFIG_FILE"] = str(write_cli_config(directory / "terraform.rc", mirror))
        (directory / "main.tf").write_text(PROVIDER + text)
        shutil.copy(LOCK_FILE, directory)
        done = self.run("init", "-input=false", "-lockfile=readonly")
        assert done.returncode == 0, done.stderr

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def apply(self, *, description: str) -> None:
        done = self.run("apply", "-auto-approve", f"-var=description={description}")
        assert done.returncode == 0, done.stderr + done.stdout
        again = self.run("plan", "-detailed-exitcode", f"-var=description={description}")
        assert again.returncode == 0, again.stdout

    def destroy(self) -> None:
        done = self.run("destroy", "-auto-approve", "-var=description=gone")
        assert done.returncode == 0, done.stderr


def prepared(twin: Any, role: Any, suffix: str, files: Mapping[str, bytes] = FILES) -> dict[str, str]:
    """Make a bucket with a model, an image of these files and a role that reads them; return them as variables."""
    s3 = twin.client("s3")
    s3.create_bucket(Bucket=suffix)
    s3.put_object(Bucket=suffix, Key="model.tar.gz", Body=model_archive("hello"))
    twin.client("ecr").create_repository(repositoryName=suffix)
    needs = {"Action": ["s3:*", "ecr:*", "logs:*", "cloudwatch:*", "kms:*"], "Resource": "*"}
    return {
        "suffix": suffix,
        "role": role("sagemaker.amazonaws.com", needs),
        "image": push(twin, suffix, layer(files)),
        "data": f"s3://{suffix}/model.tar.gz",
    }


def test_round_trip_of_registry_model_and_endpoint(twin, role, unique, tmp_path):
    suffix, sagemaker = unique("trip"), twin.client("sagemaker")
    terraform = Terraform(tmp_path, twin.variables, RESOURCES, **prepared(twin, role, suffix))

    terraform.apply(description="first")
    terraform.apply(description="second")

    group = sagemaker.describe_model_package_group(ModelPackageGroupName=f"tf-group-{suffix}")
    tags = sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    assert tags == [{"Key": "note", "Value": "second"}, {"Key": "project", "Value": "flights"}]
    policy = sagemaker.get_model_package_group_policy(ModelPackageGroupName=f"tf-group-{suffix}")["ResourcePolicy"]
    assert json.loads(policy)["Statement"][0]["Sid"] == "second"
    endpoint = sagemaker.describe_endpoint(EndpointName=f"tf-endpoint-{suffix}")
    assert endpoint["EndpointConfigName"] == f"tf-config-{suffix}-second"
    answer = twin.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=f"tf-endpoint-{suffix}", Body=b"you", ContentType="text/csv"
    )
    assert answer["Body"].read() == b"hello:you:text/csv"
    assert answer["InvokedProductionVariant"] == "current"
    assert [shadow["VariantName"] for shadow in endpoint["ShadowProductionVariants"]] == ["candidate"]
    assert endpoint["DataCaptureConfig"]["CurrentSamplingPercentage"] == 50

    terraform.destroy()
    assert sagemaker.list_models(NameContains=suffix)["Models"] == []
    assert sagemaker.list_endpoint_configs(NameContains=suffix)["EndpointConfigs"] == []
    assert sagemaker.list_endpoints(NameContains=suffix)["Endpoints"] == []
