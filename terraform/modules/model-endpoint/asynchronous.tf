# Whoever waits for answers subscribes here.
resource "aws_sns_topic" "this" {
  for_each = local.asynchronous == null ? [] : toset(["error", "success"])

  name              = "${var.name}-${each.key}"
  kms_master_key_id = var.key_arn
}

# Per instance, no backlog is told where there is no instance: what waits then starts the first.
resource "aws_appautoscaling_policy" "wake" {
  count = local.wakes ? 1 : 0

  name               = "${var.name}-wake"
  policy_type        = "StepScaling"
  service_namespace  = local.target.service_namespace
  scalable_dimension = local.target.scalable_dimension
  resource_id        = local.target.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Average"
    cooldown                = local.scaled.scale_out_cooldown_seconds

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "wake" {
  count = local.wakes ? 1 : 0

  alarm_name          = "${var.name}-wake"
  alarm_description   = "Requests to ${var.name} wait, and it has no instance."
  namespace           = "AWS/SageMaker"
  metric_name         = "HasBacklogWithoutCapacity"
  dimensions          = { EndpointName = var.name }
  statistic           = "Average"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  treat_missing_data  = "missing"
  alarm_actions       = [aws_appautoscaling_policy.wake[0].arn]
}

locals {
  wakes = local.asynchronous != null && try(local.scaled.min == 0 || anytrue([for each in local.scaled.schedules : each.min == 0]), false)
}
