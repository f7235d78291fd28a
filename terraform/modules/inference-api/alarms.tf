locals {
  alias = "${aws_lambda_function.this["api"].function_name}:${aws_lambda_alias.live.name}"

  # Both of the alias: what it answers by the new version is judged with what it answers by the old one.
  dimensions = { FunctionName = aws_lambda_function.this["api"].function_name, Resource = local.alias }

  alarm_names = concat(aws_cloudwatch_metric_alarm.errors[*].alarm_name, aws_cloudwatch_metric_alarm.latency[*].alarm_name)
}

# A function that raises; what the model or the client does wrong is an answer. Silence is no verdict: the hook has asked.
resource "aws_cloudwatch_metric_alarm" "errors" {
  count = var.alarms == null ? 0 : 1

  alarm_name          = "${var.name}-api-errors"
  alarm_description   = "More than ${var.alarms.error_rate_percent} % of the invocations of ${local.alias} raise."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.error_rate_percent
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "rate"
    label       = "Invocations that raised, percent"
    expression  = "100 * errors / invocations"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Errors"
      dimensions  = local.dimensions
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id = "invocations"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Invocations"
      dimensions  = local.dimensions
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  count = var.alarms == null ? 0 : 1

  alarm_name          = "${var.name}-api-latency"
  alarm_description   = "One in a hundred invocations of ${local.alias} takes longer than ${var.alarms.p99_latency_ms} ms."
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = local.dimensions
  extended_statistic  = "p99"
  period              = 60
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.p99_latency_ms
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
}
