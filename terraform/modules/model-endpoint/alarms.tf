locals {
  watched    = var.alarms != null && local.wanted != null
  namespace  = "fairway/${var.name}"
  dimensions = { EndpointName = var.name, VariantName = "current" }

  # All but 2XX, in real time: what the container does not answer is among them, and so is what it rightly refuses. An
  # asynchronous endpoint counts neither those nor requests, but sends a 0 or a 1 for each answer.
  counted = local.asynchronous == null ? {
    failed   = { metric = "InvocationModelErrors", stat = "Sum" }
    refused  = { metric = "Invocation4XXErrors", stat = "Sum" }
    requests = { metric = "Invocations", stat = "Sum" }
    } : {
    failed   = { metric = "Invocation5XXErrors", stat = "Sum" }
    requests = { metric = "Invocation5XXErrors", stat = "SampleCount" }
  }

  alarm_names = concat(
    aws_cloudwatch_metric_alarm.errors[*].alarm_name,
    aws_cloudwatch_metric_alarm.latency[*].alarm_name,
    aws_cloudwatch_metric_alarm.quality[*].alarm_name,
  )
}

# Each judges the whole endpoint, the old instances with the new. Where missing data is breaching, silence holds a rollout,
# for the alarm keeps its state until every period that it looks at is empty; then it rings, and SageMaker rolls back.
resource "aws_cloudwatch_metric_alarm" "errors" {
  count = local.watched ? 1 : 0

  alarm_name          = "${var.name}-errors"
  alarm_description   = "More than ${var.alarms.error_rate_percent} % of the requests to ${var.name} fail by the model's fault."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.error_rate_percent
  evaluation_periods  = var.alarms.periods
  treat_missing_data  = var.alarms.missing_data

  metric_query {
    id          = "rate"
    label       = "Failed requests, percent"
    expression  = local.asynchronous == null ? "100 * (failed - refused) / requests" : "100 * failed / requests"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.counted

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SageMaker"
        metric_name = metric_query.value.metric
        dimensions  = local.dimensions
        period      = var.alarms.period_seconds
        stat        = metric_query.value.stat
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  count = local.watched ? 1 : 0

  alarm_name          = "${var.name}-latency"
  alarm_description   = "One in a hundred requests to ${var.name} takes the model longer than ${var.alarms.p99_latency_ms} ms."
  namespace           = "AWS/SageMaker"
  metric_name         = "ModelLatency"
  dimensions          = local.dimensions
  extended_statistic  = "p99"
  period              = var.alarms.period_seconds
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.p99_latency_ms * 1000 # the metric is in microseconds
  evaluation_periods  = var.alarms.periods
  treat_missing_data  = var.alarms.missing_data
}

resource "aws_cloudwatch_metric_alarm" "quality" {
  count = local.watched && var.script_mode == null ? 1 : 0

  alarm_name          = "${var.name}-quality"
  alarm_description   = "The scores of ${var.name} are distributed unlike those at training: PSI above ${var.alarms.quality_psi} in its worst worker."
  namespace           = local.namespace
  metric_name         = aws_cloudwatch_log_metric_filter.quality["QualityPSI"].metric_transformation[0].name
  statistic           = "Maximum"
  period              = var.alarms.period_seconds
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.quality_psi
  evaluation_periods  = var.alarms.periods
  treat_missing_data  = var.alarms.missing_data
}
