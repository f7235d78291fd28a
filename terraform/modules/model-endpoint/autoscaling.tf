locals {
  scaled = local.wanted == null ? null : var.autoscaling

  dimension = "sagemaker:variant:${local.serverless == null ? "DesiredInstanceCount" : "DesiredProvisionedConcurrency"}"

  target = one(concat(aws_appautoscaling_target.this, aws_appautoscaling_target.scheduled))

  # Where a step ends the next begins, and the last has no end; a step is told by its distance from the first.
  surges = local.scaled == null ? [] : [for above in sort([for step in local.scaled.steps : format("%012.3f", step.above)]) : tonumber(above)]
}

resource "aws_appautoscaling_target" "this" {
  count = try(length(local.scaled.schedules) == 0, false) ? 1 : 0

  service_namespace  = "sagemaker"
  scalable_dimension = local.dimension
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this[0].name}/variant/current"
  min_capacity       = local.scaled.min
  max_capacity       = local.scaled.max

  lifecycle {
    # It goes with the endpoint that it scales.
    replace_triggered_by = [terraform_data.mode]
  }
}

# Scheduled actions overwrite the bounds of their target, which is no diff.
resource "aws_appautoscaling_target" "scheduled" {
  count = try(length(local.scaled.schedules) > 0, false) ? 1 : 0

  service_namespace  = "sagemaker"
  scalable_dimension = local.dimension
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this[0].name}/variant/current"
  min_capacity       = local.scaled.min
  max_capacity       = local.scaled.max

  lifecycle {
    ignore_changes       = [min_capacity, max_capacity]
    replace_triggered_by = [terraform_data.mode]
  }
}

resource "aws_appautoscaling_scheduled_action" "this" {
  for_each = local.scaled == null ? {} : local.scaled.schedules

  name               = "${var.name}-${each.key}"
  service_namespace  = local.target.service_namespace
  scalable_dimension = local.target.scalable_dimension
  resource_id        = local.target.resource_id
  schedule           = each.value.schedule
  timezone           = each.value.timezone

  scalable_target_action {
    min_capacity = each.value.min
    max_capacity = each.value.max
  }
}

# Keeps the requests that an instance gets in a minute near a value, both ways; asynchronously, those that wait for it; of
# a serverless endpoint, how much of what is provisioned is used.
resource "aws_appautoscaling_policy" "target" {
  count = local.scaled == null ? 0 : 1

  name               = "${var.name}-target"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = local.target.service_namespace
  scalable_dimension = local.target.scalable_dimension
  resource_id        = local.target.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = coalesce(local.scaled.invocations_per_instance, local.scaled.backlog_per_instance, local.scaled.provisioned_utilization)
    scale_in_cooldown  = local.scaled.scale_in_cooldown_seconds
    scale_out_cooldown = local.scaled.scale_out_cooldown_seconds

    dynamic "predefined_metric_specification" {
      for_each = local.scaled.backlog_per_instance == null ? [local.serverless] : []

      content {
        predefined_metric_type = "SageMakerVariant${local.serverless == null ? "InvocationsPerInstance" : "ProvisionedConcurrencyUtilization"}"
      }
    }

    dynamic "customized_metric_specification" {
      for_each = local.scaled.backlog_per_instance[*]

      content {
        namespace   = "AWS/SageMaker"
        metric_name = "ApproximateBacklogSizePerInstance"
        statistic   = "Average"

        dimensions {
          name  = "EndpointName"
          value = var.name
        }
      }
    }
  }
}

# Answers a surge by its size within a minute, where tracking takes three to believe it.
resource "aws_appautoscaling_policy" "surge" {
  count = length(local.surges) == 0 ? 0 : 1

  name               = "${var.name}-surge"
  policy_type        = "StepScaling"
  service_namespace  = local.target.service_namespace
  scalable_dimension = local.target.scalable_dimension
  resource_id        = local.target.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = local.scaled.scale_out_cooldown_seconds

    dynamic "step_adjustment" {
      for_each = local.surges

      content {
        metric_interval_lower_bound = step_adjustment.value - local.surges[0]
        metric_interval_upper_bound = try(local.surges[step_adjustment.key + 1] - local.surges[0], null)
        scaling_adjustment          = one([for step in local.scaled.steps : step.add if step.above == step_adjustment.value])
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "surge" {
  count = length(local.surges) == 0 ? 0 : 1

  alarm_name          = "${var.name}-surge"
  alarm_description   = "An instance of ${var.name} gets more than ${local.surges[0]} requests in a minute."
  namespace           = "AWS/SageMaker"
  metric_name         = "InvocationsPerInstance"
  dimensions          = local.dimensions
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.surges[0]
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.surge[0].arn]
}
