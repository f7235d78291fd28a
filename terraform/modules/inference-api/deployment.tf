locals {
  interval_minutes = try(var.rollout.canary.bake_minutes, var.rollout.linear.interval_minutes, null)
  step_percent     = try(var.rollout.canary.percent, var.rollout.linear.step_percent, null)
  kind             = one([for kind, strategy in var.rollout : kind if strategy != null])
}

resource "aws_codedeploy_app" "this" {
  name             = "${var.name}-api"
  compute_platform = "Lambda"
}

# CodeDeploy changes no configuration, so its name holds what it says.
resource "aws_codedeploy_deployment_config" "this" {
  count = local.kind == "all_at_once" ? 0 : 1

  deployment_config_name = "${var.name}-api-${local.kind}-${local.step_percent}-percent-${local.interval_minutes}-minutes"
  compute_platform       = "Lambda"

  traffic_routing_config {
    type = local.kind == "canary" ? "TimeBasedCanary" : "TimeBasedLinear"

    dynamic "time_based_canary" {
      for_each = var.rollout.canary[*]

      content {
        percentage = time_based_canary.value.percent
        interval   = time_based_canary.value.bake_minutes
      }
    }

    dynamic "time_based_linear" {
      for_each = var.rollout.linear[*]

      content {
        percentage = time_based_linear.value.step_percent
        interval   = time_based_linear.value.interval_minutes
      }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Terraform publishes a version and starts no deployment: `fairway` does, after the apply.
resource "aws_codedeploy_deployment_group" "this" {
  app_name               = aws_codedeploy_app.this.name
  deployment_group_name  = aws_lambda_alias.live.name
  service_role_arn       = aws_iam_role.shift.arn
  deployment_config_name = try(aws_codedeploy_deployment_config.this[0].deployment_config_name, "CodeDeployDefault.LambdaAllAtOnce")

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
  }

  dynamic "alarm_configuration" {
    for_each = var.alarms[*]

    content {
      enabled = true
      alarms  = local.alarm_names
    }
  }

  depends_on = [aws_iam_role_policy.shift]
}
