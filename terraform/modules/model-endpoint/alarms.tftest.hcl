mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                 = "flights-prod"
  artifacts            = { bucket = "flights-artifacts", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  image_repository_arn = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
  key_arn              = "arn:aws:kms:us-east-1:111111111111:key/environment"
  boundary_arn         = "arn:aws:iam::111111111111:policy/flights-boundary"
  instances            = { count = 2 }
  alarms               = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 0.25 }
  rollout              = { canary = { percent = 50, bake_seconds = 300 } }

  release = {
    previous = null
    current = {
      version           = "1"
      model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/1"
      model_data_url    = "s3://flights-artifacts/runs/a/model/flights-a/output/model.tar.gz"
      model_data_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      image             = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:1111111111111111111111111111111111111111111111111111111111111111"
      git_sha           = "1111111111111111111111111111111111111111"
      metrics           = { auc = 0.7 }
    }
  }
}

run "errors_are_a_rate_without_what_the_caller_did_wrong" {
  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.errors[0].metric_query : query.expression if length(query.metric) == 0]) == "100 * (failed - refused) / requests" && aws_cloudwatch_metric_alarm.errors[0].threshold == 1
    error_message = "The rate is in percent."
  }

  assert {
    condition     = { for query in aws_cloudwatch_metric_alarm.errors[0].metric_query : query.id => one(query.metric).metric_name if length(query.metric) == 1 } == { failed = "InvocationModelErrors", refused = "Invocation4XXErrors", requests = "Invocations" }
    error_message = "The metrics are SageMaker's."
  }

  assert {
    condition     = alltrue([for query in aws_cloudwatch_metric_alarm.errors[0].metric_query : one(query.metric).dimensions == tomap({ EndpointName = "flights-prod", VariantName = "current" }) && one(query.metric).period == 60 && one(query.metric).stat == "Sum" if length(query.metric) == 1])
    error_message = "They are of this endpoint, by the minute."
  }
}

run "latency_is_the_slowest_hundredth_in_microseconds" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.latency[0].extended_statistic == "p99" && aws_cloudwatch_metric_alarm.latency[0].threshold == 500000 && aws_cloudwatch_metric_alarm.latency[0].metric_name == "ModelLatency"
    error_message = "500 ms are 500000 of the metric's microseconds."
  }
}

run "quality_is_the_worst_worker" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.quality[0].statistic == "Maximum" && aws_cloudwatch_metric_alarm.quality[0].metric_name == "QualityPSI" && aws_cloudwatch_metric_alarm.quality[0].namespace == "fairway/flights-prod" && aws_cloudwatch_metric_alarm.quality[0].threshold == 0.25 && aws_cloudwatch_metric_alarm.quality[0].dimensions == null
    error_message = "The maximum of what the workers log is judged."
  }
}

run "quality_lines_become_metrics" {
  assert {
    condition     = { for name, filter in aws_cloudwatch_log_metric_filter.quality : name => one(filter.metric_transformation).value } == { QualityPSI = "$.psi", MissingShare = "$.missing_share", UnseenShare = "$.unseen_share" }
    error_message = "Each number of a line is a metric."
  }

  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.quality : filter.pattern == "{ $.event = \"quality\" }" && one(filter.metric_transformation).namespace == "fairway/flights-prod" && one(filter.metric_transformation).default_value == null && filter.log_group_name == "/aws/sagemaker/Endpoints/flights-prod"])
    error_message = "Only quality lines count, and a missing one is no zero."
  }
}

run "silence_holds_a_rollout_then_rolls_it_back" {
  assert {
    condition     = alltrue([for alarm in concat(aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.latency, aws_cloudwatch_metric_alarm.quality) : alarm.treat_missing_data == "breaching" && alarm.evaluation_periods == 2])
    error_message = "Two empty periods ring as two bad ones do."
  }
}

run "silence_can_be_no_verdict" {
  variables {
    alarms = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 0.25, missing_data = "notBreaching", periods = 1 }
  }

  assert {
    condition     = alltrue([for alarm in concat(aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.latency, aws_cloudwatch_metric_alarm.quality) : alarm.treat_missing_data == "notBreaching" && alarm.evaluation_periods == 1])
    error_message = "An environment without steady traffic says so."
  }
}

run "without_an_endpoint_nothing_rings" {
  variables {
    release = { current = null, previous = null }
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.errors) + length(aws_cloudwatch_metric_alarm.latency) + length(aws_cloudwatch_metric_alarm.quality) == 0
    error_message = "There is nothing to watch."
  }
}

run "an_error_rate_of_nothing_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 0, p99_latency_ms = 500, quality_psi = 0.25 }
  }

  expect_failures = [var.alarms]
}

run "an_error_rate_of_everything_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 100, p99_latency_ms = 500, quality_psi = 0.25 }
  }

  expect_failures = [var.alarms]
}

run "a_latency_beyond_sagemakers_patience_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 1, p99_latency_ms = 60000, quality_psi = 0.25 }
  }

  expect_failures = [var.alarms]
}

run "a_latency_of_nothing_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 1, p99_latency_ms = 0, quality_psi = 0.25 }
  }

  expect_failures = [var.alarms]
}

run "an_index_of_nothing_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 0 }
  }

  expect_failures = [var.alarms]
}

run "a_period_of_half_a_minute_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 0.25, period_seconds = 30 }
  }

  expect_failures = [var.alarms]
}

run "no_period_at_all_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 0.25, periods = 0 }
  }

  expect_failures = [var.alarms]
}

run "a_treatment_of_silence_that_decides_nothing_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 0.25, missing_data = "ignore" }
  }

  expect_failures = [var.alarms]
}
