"""Terraform takes scaling, log groups and metric filters up, changes them and takes them down, without differences."""

from tests.integration.twin.test_terraform import MODEL, Terraform, prepared

RESOURCES = (
    MODEL
    + """
locals {
  second = var.description == "second"
}
resource "aws_sagemaker_endpoint_configuration" "this" {
  name = "tf-config-${var.suffix}"
  production_variants {
    variant_name           = "current"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = "ml.m5.large"
    initial_instance_count = 1
    initial_variant_weight = 1
  }
}
resource "aws_sagemaker_endpoint" "this" {
  name                 = "tf-endpoint-${var.suffix}"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this.name
}
resource "aws_appautoscaling_target" "this" {
  service_namespace  = "sagemaker"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this.name}/variant/current"
  min_capacity       = local.second ? 2 : 1
  max_capacity       = local.second ? 3 : 2
  tags               = { note = var.description }
}
resource "aws_appautoscaling_policy" "tracking" {
  name               = "tracking"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id
  target_tracking_scaling_policy_configuration {
    target_value       = local.second ? 20 : 10
    scale_in_cooldown  = 300
    scale_out_cooldown = local.second ? 60 : 30
    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }
}
resource "aws_appautoscaling_policy" "custom" {
  name               = "custom"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id
  target_tracking_scaling_policy_configuration {
    target_value     = 70.5
    disable_scale_in = local.second
    customized_metric_specification {
      metric_name = "CPUUtilization"
      namespace   = "/aws/sagemaker/Endpoints"
      statistic   = "Average"
      unit        = "Percent"
      dimensions {
        name  = "EndpointName"
        value = aws_sagemaker_endpoint.this.name
      }
    }
  }
}
resource "aws_appautoscaling_policy" "steps" {
  name               = "steps"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id
  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = 60
    metric_aggregation_type = "Maximum"
    step_adjustment {
      metric_interval_lower_bound = 0
      metric_interval_upper_bound = 10.5
      scaling_adjustment          = 1
    }
    step_adjustment {
      metric_interval_lower_bound = 10.5
      scaling_adjustment          = local.second ? 3 : 2
    }
  }
}
resource "aws_cloudwatch_metric_alarm" "steps" {
  alarm_name          = "tf-alarm-${var.suffix}"
  namespace           = "fairway/test"
  metric_name         = "Waiting"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 5
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.steps.arn]
}
resource "aws_appautoscaling_scheduled_action" "morning" {
  name               = "morning"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id
  schedule           = local.second ? "cron(0 8 ? * MON-FRI *)" : "cron(0 7 ? * MON-FRI *)"
  timezone           = "Europe/Berlin"
  scalable_target_action {
    min_capacity = 2
    max_capacity = 3
  }
}
resource "aws_appautoscaling_scheduled_action" "once" {
  name               = "once"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id
  schedule           = "at(2100-01-01T00:00:00)"
  scalable_target_action { max_capacity = local.second ? 5 : 4 }
}
resource "aws_kms_key" "this" {
  description             = "logs of a test"
  deletion_window_in_days = 7
}
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/sagemaker/Endpoints/tf-${var.suffix}"
  retention_in_days = local.second ? 30 : 14
  kms_key_id        = aws_kms_key.this.arn
  tags              = { note = var.description }
}
resource "aws_cloudwatch_log_metric_filter" "value" {
  name           = "psi"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = local.second ? "{ $.event = \\"quality\\" && $.psi = * }" : "{ $.event = \\"quality\\" }"
  metric_transformation {
    name       = "QualityPSI"
    namespace  = "fairway/tf-${var.suffix}"
    value      = "$.psi"
    unit       = "None"
    dimensions = { Release = "$.release" }
  }
}
resource "aws_cloudwatch_log_metric_filter" "count" {
  name           = "errors"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = "?ERROR ?CRITICAL"
  metric_transformation {
    name          = "Errors"
    namespace     = "fairway/tf-${var.suffix}"
    value         = "1"
    default_value = local.second ? "1.5" : "0"
    unit          = "Count"
  }
}
"""
)


def test_round_trip_of_scaling_and_metric_filters(twin, role, unique, tmp_path):
    suffix, scaling = unique("scaling"), twin.client("application-autoscaling")
    terraform = Terraform(tmp_path, twin.variables, RESOURCES, **prepared(twin, role, suffix))
    identity = f"endpoint/tf-endpoint-{suffix}/variant/current"
    scope = {"ServiceNamespace": "sagemaker"}

    terraform.apply(description="first")
    terraform.apply(description="second")

    [target] = scaling.describe_scalable_targets(**scope, ResourceIds=[identity])["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 3)
    tags = scaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"]
    assert tags == {"note": "second", "project": "flights"}
    policies = {
        policy["PolicyName"]: policy
        for policy in scaling.describe_scaling_policies(**scope, ResourceId=identity)["ScalingPolicies"]
    }
    assert {name: len(policy["Alarms"]) for name, policy in policies.items()} == {
        "tracking": 2,
        "custom": 1,
        "steps": 1,
    }

    terraform.destroy()
    assert scaling.describe_scalable_targets(**scope, ResourceIds=[identity])["ScalableTargets"] == []
    assert scaling.describe_scheduled_actions(**scope, ResourceId=identity)["ScheduledActions"] == []
    alarms = twin.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"TargetTracking-{identity}")["MetricAlarms"]
    assert alarms == []
