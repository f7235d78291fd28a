mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                 = "flights-dev"
  artifacts            = { bucket = "flights-artifacts", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  image_repository_arn = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
  key_arn              = "arn:aws:kms:us-east-1:111111111111:key/environment"
  boundary_arn         = "arn:aws:iam::111111111111:policy/flights-boundary"

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

run "a_real_time_endpoint_is_what_it_was_before_there_were_modes" {
  assert {
    condition     = output.config_name == "flights-dev-1-${substr(sha256(jsonencode([keys(aws_sagemaker_model.this)[0], "ml.m5.large", 1, false, var.rollout, false])), 0, 8)}"
    error_message = "Endpoints that run are not rolled out again because modes exist; got ${output.config_name}."
  }
}

run "a_serverless_endpoint_has_memory_and_concurrency_and_nothing_at_rest" {
  variables {
    mode = { serverless = {} }
  }

  assert {
    condition     = [for serverless in aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].serverless_config : "${serverless.memory_size_in_mb} ${serverless.max_concurrency} ${coalesce(serverless.provisioned_concurrency, 0)}"] == ["2048 5 0"]
    error_message = "One word makes an endpoint serverless."
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].instance_type == null && aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].initial_instance_count == null && aws_sagemaker_endpoint_configuration.this[output.config_name].kms_key_arn == null
    error_message = "There is no instance, and no volume of one."
  }

  assert {
    condition     = output.mode == "serverless" && output.config_name != run.a_real_time_endpoint_is_what_it_was_before_there_were_modes.config_name && length(output.topic_arns) == 0
    error_message = "Another mode is another configuration."
  }
}

run "a_serverless_endpoint_can_be_kept_warm" {
  variables {
    mode = { serverless = { memory_mb = 6144, max_concurrency = 200, provisioned_concurrency = 200 } }
  }

  assert {
    condition     = [for serverless in aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].serverless_config : "${serverless.memory_size_in_mb} ${serverless.max_concurrency} ${serverless.provisioned_concurrency}"] == ["6144 200 200"]
    error_message = "The largest of everything is legal."
  }
}

run "an_asynchronous_endpoint_answers_below_its_own_prefix_and_tells" {
  variables {
    mode = { asynchronous = { max_concurrent_invocations_per_instance = 4 } }
  }

  assert {
    condition     = one(one(aws_sagemaker_endpoint_configuration.this[output.config_name].async_inference_config).client_config).max_concurrent_invocations_per_instance == 4
    error_message = "An instance is given four requests at a time."
  }

  assert {
    condition = [for answers in [one(one(aws_sagemaker_endpoint_configuration.this[output.config_name].async_inference_config).output_config)] : [answers.s3_output_path, answers.s3_failure_path, answers.kms_key_id]] == [[
      "s3://flights-artifacts/serving/flights-dev/asynchronous/output/", "s3://flights-artifacts/serving/flights-dev/asynchronous/failure/", var.artifacts.key_arn,
    ]]
    error_message = "Answers and failures lie in the artifact store, encrypted with its key."
  }

  assert {
    condition     = keys(output.topic_arns) == ["error", "success"] && alltrue([for topic in aws_sns_topic.this : topic.kms_master_key_id == var.key_arn])
    error_message = "Two encrypted topics tell of answers."
  }

  assert {
    condition     = aws_sagemaker_model.this[keys(aws_sagemaker_model.this)[0]].primary_container[0].environment.FAIRWAY_MAX_BODY_MB == "100"
    error_message = "The container takes larger bodies than in real time."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => statement.Resource if contains(["Requests", "Answers", "AnswersKey", "Tell", "TellKey"], statement.Sid) } == {
      Requests   = "arn:aws:s3:::flights-artifacts/serving/flights-dev/asynchronous/input/*"
      Answers    = ["arn:aws:s3:::flights-artifacts/serving/flights-dev/asynchronous/output/*", "arn:aws:s3:::flights-artifacts/serving/flights-dev/asynchronous/failure/*"]
      AnswersKey = var.artifacts.key_arn
      Tell       = [for topic in aws_sns_topic.this : topic.arn]
      TellKey    = var.key_arn
    }
    error_message = "The role reads its requests, writes its answers, and tells."
  }
}

run "asynchronous_instances_go_to_none_and_come_back_for_what_waits" {
  variables {
    mode        = { asynchronous = {} }
    autoscaling = { min = 0, max = 4, backlog_per_instance = 5 }
  }

  assert {
    condition     = aws_appautoscaling_target.this[0].min_capacity == 0 && aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].initial_instance_count == 1
    error_message = "It starts with one, and rests with none."
  }

  assert {
    condition = [for tracking in [one(aws_appautoscaling_policy.target[0].target_tracking_scaling_policy_configuration)] : [tracking.target_value, one(tracking.customized_metric_specification).metric_name, [for dimension in one(tracking.customized_metric_specification).dimensions : dimension.value], length(tracking.predefined_metric_specification)]] == [
      [5, "ApproximateBacklogSizePerInstance", ["flights-dev"], 0]
    ]
    error_message = "What waits for an instance is tracked."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.wake[0].metric_name == "HasBacklogWithoutCapacity" && aws_cloudwatch_metric_alarm.wake[0].alarm_actions == toset([aws_appautoscaling_policy.wake[0].arn]) && one(one(aws_appautoscaling_policy.wake[0].step_scaling_policy_configuration).step_adjustment).scaling_adjustment == 1
    error_message = "What waits without an instance starts one."
  }
}

run "what_never_rests_needs_no_waking" {
  variables {
    mode        = { asynchronous = {} }
    autoscaling = { min = 2, max = 4, backlog_per_instance = 5 }
  }

  assert {
    condition     = length(aws_appautoscaling_policy.wake) + length(aws_cloudwatch_metric_alarm.wake) == 0 && aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].initial_instance_count == 2
    error_message = "Two always run."
  }
}

run "asynchronous_errors_are_a_rate_of_answers" {
  variables {
    mode      = { asynchronous = {} }
    instances = { count = 2 }
    rollout   = { canary = { percent = 50, bake_seconds = 300 } }
    alarms    = { error_rate_percent = 1, p99_latency_ms = 600000, quality_psi = 1 }
  }

  assert {
    condition     = toset([for query in aws_cloudwatch_metric_alarm.errors[0].metric_query : try("${query.metric[0].metric_name} ${query.metric[0].stat}", query.expression)]) == toset(["100 * failed / requests", "Invocation5XXErrors Sum", "Invocation5XXErrors SampleCount"])
    error_message = "An asynchronous endpoint sends a 0 or a 1 for each answer, and counts no requests."
  }
}

run "capture_keeps_a_sample_under_the_environments_key" {
  variables {
    capture = { percent = 20 }
  }

  assert {
    condition = [for kept in [one(aws_sagemaker_endpoint_configuration.this[output.config_name].data_capture_config)] : [kept.enable_capture, kept.initial_sampling_percentage, kept.destination_s3_uri, kept.kms_key_id, join(" ", kept.capture_options[*].capture_mode)]] == [
      [true, 20, "s3://flights-artifacts/serving/flights-dev/capture", var.key_arn, "Input Output"]
    ]
    error_message = "A fifth of both sides is kept."
  }

  assert {
    condition     = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => statement.Resource if startswith(statement.Sid, "Capture") } == { Capture = "arn:aws:s3:::flights-artifacts/serving/flights-dev/capture/*", CaptureKey = var.key_arn }
    error_message = "The role writes below its own prefix."
  }
}

run "capture_can_keep_one_side" {
  variables {
    capture = { percent = 100, sides = ["output"] }
  }

  assert {
    condition     = one(aws_sagemaker_endpoint_configuration.this[output.config_name].data_capture_config).capture_options[0].capture_mode == "Output"
    error_message = "Only answers are kept."
  }
}

run "no_mode_at_all_is_refused" {
  command = plan

  variables {
    mode = {}
  }

  expect_failures = [var.mode]
}

run "two_modes_are_refused" {
  command = plan

  variables {
    mode = { real_time = {}, serverless = {} }
  }

  expect_failures = [var.mode]
}

run "less_than_a_gigabyte_is_refused" {
  command = plan

  variables {
    mode = { serverless = { memory_mb = 512 } }
  }

  expect_failures = [var.mode]
}

run "more_than_six_gigabytes_are_refused" {
  command = plan

  variables {
    mode = { serverless = { memory_mb = 7168 } }
  }

  expect_failures = [var.mode]
}

run "a_gigabyte_and_a_half_is_refused" {
  command = plan

  variables {
    mode = { serverless = { memory_mb = 1536 } }
  }

  expect_failures = [var.mode]
}

run "a_concurrency_of_nothing_is_refused" {
  command = plan

  variables {
    mode = { serverless = { max_concurrency = 0 } }
  }

  expect_failures = [var.mode]
}

run "a_concurrency_beyond_two_hundred_is_refused" {
  command = plan

  variables {
    mode = { serverless = { max_concurrency = 201 } }
  }

  expect_failures = [var.mode]
}

run "more_warm_than_allowed_is_refused" {
  command = plan

  variables {
    mode = { serverless = { max_concurrency = 5, provisioned_concurrency = 6 } }
  }

  expect_failures = [var.mode]
}

run "warm_by_nothing_is_refused" {
  command = plan

  variables {
    mode = { serverless = { provisioned_concurrency = 0 } }
  }

  expect_failures = [var.mode]
}

run "an_instance_given_no_requests_is_refused" {
  command = plan

  variables {
    mode = { asynchronous = { max_concurrent_invocations_per_instance = 0 } }
  }

  expect_failures = [var.mode]
}

run "an_instance_given_more_than_a_thousand_requests_is_refused" {
  command = plan

  variables {
    mode = { asynchronous = { max_concurrent_invocations_per_instance = 1001 } }
  }

  expect_failures = [var.mode]
}

run "payloads_beyond_a_gigabyte_are_refused" {
  command = plan

  variables {
    mode = { asynchronous = { max_payload_mb = 1025 } }
  }

  expect_failures = [var.mode]
}

run "serverless_with_instances_is_refused" {
  command = plan

  variables {
    mode      = { serverless = {} }
    instances = { type = "ml.m5.large" }
  }

  expect_failures = [var.instances]
}

run "serverless_with_a_gpu_is_refused" {
  command = plan

  variables {
    mode      = { serverless = {} }
    instances = { type = "ml.g5.xlarge", built_for = "gpu" }
  }

  expect_failures = [var.instances]
}

run "serverless_with_a_canary_is_refused" {
  command = plan

  variables {
    mode    = { serverless = {} }
    rollout = { canary = { percent = 50, bake_seconds = 0 } }
  }

  expect_failures = [var.rollout]
}

run "serverless_in_batches_is_refused" {
  command = plan

  variables {
    mode    = { serverless = {} }
    rollout = { rolling = { batch_percent = 50, bake_seconds = 0 } }
  }

  expect_failures = [var.rollout]
}

run "serverless_with_alarms_is_refused" {
  command = plan

  variables {
    mode    = { serverless = {} }
    alarms  = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 1 }
    rollout = { all_at_once = { bake_seconds = 300 } }
  }

  expect_failures = [var.alarms]
}

run "serverless_with_autoscaling_is_refused" {
  command = plan

  variables {
    mode        = { serverless = {} }
    autoscaling = { min = 1, max = 2, invocations_per_instance = 600 }
  }

  expect_failures = [var.autoscaling]
}

run "serverless_with_capture_is_refused" {
  command = plan

  variables {
    mode    = { serverless = {} }
    capture = { percent = 10 }
  }

  expect_failures = [var.capture]
}

run "asynchronous_with_capture_is_refused" {
  command = plan

  variables {
    mode    = { asynchronous = {} }
    capture = { percent = 10 }
  }

  expect_failures = [var.capture]
}

run "capture_of_nothing_is_refused" {
  command = plan

  variables {
    capture = { percent = 0 }
  }

  expect_failures = [var.capture]
}

run "capture_of_half_a_percent_is_refused" {
  command = plan

  variables {
    capture = { percent = 0.5 }
  }

  expect_failures = [var.capture]
}

run "capture_of_no_side_is_refused" {
  command = plan

  variables {
    capture = { percent = 10, sides = [] }
  }

  expect_failures = [var.capture]
}

run "capture_of_a_side_that_requests_do_not_have_is_refused" {
  command = plan

  variables {
    capture = { percent = 10, sides = ["middle"] }
  }

  expect_failures = [var.capture]
}

run "asynchronous_scaling_by_invocations_is_refused" {
  command = plan

  variables {
    mode        = { asynchronous = {} }
    autoscaling = { min = 0, max = 2, invocations_per_instance = 600 }
  }

  expect_failures = [var.autoscaling]
}

run "asynchronous_scaling_by_nothing_is_refused" {
  command = plan

  variables {
    mode        = { asynchronous = {} }
    autoscaling = { min = 0, max = 2 }
  }

  expect_failures = [var.autoscaling]
}

run "real_time_scaling_by_a_backlog_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 1, max = 2, backlog_per_instance = 5 }
  }

  expect_failures = [var.autoscaling]
}

run "an_asynchronous_latency_beyond_an_hour_is_refused" {
  command = plan

  variables {
    mode    = { asynchronous = {} }
    rollout = { all_at_once = { bake_seconds = 300 } }
    alarms  = { error_rate_percent = 1, p99_latency_ms = 3600000, quality_psi = 1 }
  }

  expect_failures = [var.alarms]
}
