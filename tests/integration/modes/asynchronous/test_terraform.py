"""Terraform takes serverless and asynchronous endpoints up, changes them and takes them down, without differences."""

import pytest
from tests.integration.modes.server import FILES
from tests.integration.twin.test_terraform import MODEL, Terraform, prepared

RESOURCES = (
    MODEL
    + """
variable "key" { type = string }
locals {
  second = var.description == "second"
}
resource "aws_sagemaker_endpoint_configuration" "serverless" {
  name = "tf-serverless-${var.suffix}-${var.description}"
  production_variants {
    variant_name           = "current"
    model_name             = aws_sagemaker_model.this.name
    initial_variant_weight = 1
    serverless_config {
      memory_size_in_mb       = local.second ? 3072 : 2048
      max_concurrency         = local.second ? 5 : 2
      provisioned_concurrency = local.second ? 1 : null
    }
  }
  lifecycle { create_before_destroy = true }
}
resource "aws_sagemaker_endpoint" "serverless" {
  name                 = "tf-serverless-${var.suffix}"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.serverless.name
  deployment_config {
    blue_green_update_policy {
      traffic_routing_configuration {
        type                     = "ALL_AT_ONCE"
        wait_interval_in_seconds = 0
      }
    }
  }
}
resource "aws_sns_topic" "this" {
  for_each = toset(["success", "error"])
  name     = "tf-${var.suffix}-${each.key}"
}
resource "aws_sagemaker_endpoint_configuration" "asynchronous" {
  name = "tf-asynchronous-${var.suffix}-${var.description}"
  production_variants {
    variant_name           = "current"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = "ml.m5.large"
    initial_instance_count = 1
    initial_variant_weight = 1
  }
  async_inference_config {
    client_config { max_concurrent_invocations_per_instance = local.second ? 8 : 4 }
    output_config {
      s3_output_path  = "s3://${var.suffix}/out/"
      s3_failure_path = "s3://${var.suffix}/failed/"
      kms_key_id      = var.key
      notification_config {
        success_topic                 = aws_sns_topic.this["success"].arn
        error_topic                   = aws_sns_topic.this["error"].arn
        include_inference_response_in = ["SUCCESS_NOTIFICATION_TOPIC"]
      }
    }
  }
  lifecycle { create_before_destroy = true }
}
resource "aws_sagemaker_endpoint" "asynchronous" {
  name                 = "tf-asynchronous-${var.suffix}"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.asynchronous.name
}
resource "aws_appautoscaling_target" "this" {
  service_namespace  = "sagemaker"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.asynchronous.name}/variant/current"
  min_capacity       = 0
  max_capacity       = local.second ? 3 : 2
}
resource "aws_appautoscaling_policy" "backlog" {
  name               = "backlog"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id
  target_tracking_scaling_policy_configuration {
    target_value      = local.second ? 20 : 10
    scale_in_cooldown = 600
    customized_metric_specification {
      namespace   = "AWS/SageMaker"
      metric_name = "ApproximateBacklogSizePerInstance"
      statistic   = "Average"
      dimensions {
        name  = "EndpointName"
        value = aws_sagemaker_endpoint.asynchronous.name
      }
    }
  }
}
"""
)


@pytest.mark.long
def test_round_trip_of_serverless_and_asynchronous_endpoints(twin, role, unique, tmp_path):
    suffix = unique("modes")
    sagemaker, key = twin.client("sagemaker"), twin.client("kms").create_key()["KeyMetadata"]["Arn"]
    terraform = Terraform(tmp_path, twin.variables, RESOURCES, key=key, **prepared(twin, role, suffix, FILES))

    terraform.apply(description="first")
    terraform.apply(description="second")

    [variant] = sagemaker.describe_endpoint(EndpointName=f"tf-serverless-{suffix}")["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {
        "MemorySizeInMB": 3072,
        "MaxConcurrency": 5,
        "ProvisionedConcurrency": 1,
    }
    described = sagemaker.describe_endpoint(EndpointName=f"tf-asynchronous-{suffix}")
    assert described["AsyncInferenceConfig"]["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 8}

    terraform.destroy()
    assert sagemaker.list_endpoint_configs(NameContains=suffix)["EndpointConfigs"] == []
    assert sagemaker.list_endpoints(NameContains=suffix)["Endpoints"] == []
