mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                 = "flights-prod"
  artifacts            = { bucket = "flights-artifacts", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  image_repository_arn = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
  key_arn              = "arn:aws:kms:us-east-1:111111111111:key/environment"
  boundary_arn         = "arn:aws:iam::111111111111:policy/flights-boundary"
  instances            = { count = 4 }
  alarms               = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 1 }
  rollout              = { canary = { percent = 25, bake_seconds = 300 } }

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

run "a_canary_takes_its_share_and_bakes" {
  assert {
    condition     = one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).type == "CANARY" && one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).wait_interval_in_seconds == 300 && one(one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).canary_size).type == "CAPACITY_PERCENT" && one(one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).canary_size).value == 25 && length(one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).linear_step_size) == 0
    error_message = "The canary is a share of the capacity."
  }

  assert {
    condition     = one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).maximum_execution_timeout_in_seconds == 2100 && length(one(aws_sagemaker_endpoint.this[0].deployment_config).rolling_update_policy) == 0
    error_message = "Three bakings, if the last shift has both waits, and twenty minutes for instances to start are what SageMaker has."
  }
}

run "the_last_shift_bakes_before_the_old_instances_go" {
  assert {
    condition     = one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).termination_wait_in_seconds == 300
    error_message = "Between shifts is one wait, after the last one another."
  }
}

run "every_alarm_rolls_a_rollout_back" {
  assert {
    condition     = toset([for alarm in one(one(aws_sagemaker_endpoint.this[0].deployment_config).auto_rollback_configuration).alarms : alarm.alarm_name]) == toset(["flights-prod-errors", "flights-prod-latency", "flights-prod-quality"])
    error_message = "Errors, latency and quality are watched."
  }
}

run "linear_steps_are_equal" {
  variables {
    rollout = { linear = { step_percent = 25, bake_seconds = 120 } }
  }

  assert {
    condition     = one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).type == "LINEAR" && one(one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).linear_step_size).value == 25 && length(one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).canary_size) == 0 && one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).maximum_execution_timeout_in_seconds == 1800
    error_message = "Four steps bake, 25 % each, and the last perhaps twice."
  }
}

run "rolling_batches_replace_instances" {
  variables {
    rollout = { rolling = { batch_percent = 50, bake_seconds = 120 } }
  }

  assert {
    condition     = one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).rolling_update_policy).maximum_batch_size).value == 50 && one(one(aws_sagemaker_endpoint.this[0].deployment_config).rolling_update_policy).wait_interval_in_seconds == 120 && one(one(aws_sagemaker_endpoint.this[0].deployment_config).rolling_update_policy).maximum_execution_timeout_in_seconds == 1440 && length(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy) == 0
    error_message = "Two batches bake."
  }

  assert {
    condition     = length(one(one(aws_sagemaker_endpoint.this[0].deployment_config).rolling_update_policy).rollback_maximum_batch_size) == 0
    error_message = "The way back is all at once."
  }
}

run "all_at_once_can_bake_too" {
  variables {
    rollout = { all_at_once = { bake_seconds = 120 } }
  }

  assert {
    condition     = one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).type == "ALL_AT_ONCE" && one(one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).traffic_routing_configuration).wait_interval_in_seconds == 0 && one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).termination_wait_in_seconds == 120 && one(one(aws_sagemaker_endpoint.this[0].deployment_config).blue_green_update_policy).maximum_execution_timeout_in_seconds == 1320
    error_message = "One step bakes."
  }
}

run "without_alarms_an_update_is_plain" {
  variables {
    alarms  = null
    rollout = { all_at_once = {} }
  }

  assert {
    condition     = length(aws_sagemaker_endpoint.this[0].deployment_config) == 0 && length(aws_cloudwatch_metric_alarm.errors) == 0
    error_message = "Nothing is watched and nothing waits."
  }
}

run "another_strategy_is_another_configuration" {
  variables {
    rollout = { rolling = { batch_percent = 50, bake_seconds = 120 } }
  }

  assert {
    condition     = output.config_name != run.a_canary_takes_its_share_and_bakes.config_name
    error_message = "SageMaker rolls out configurations."
  }
}

run "no_strategy_is_refused" {
  command = plan

  variables {
    rollout = {}
  }

  expect_failures = [var.rollout]
}

run "two_strategies_are_refused" {
  command = plan

  variables {
    rollout = { all_at_once = { bake_seconds = 300 }, canary = { percent = 25, bake_seconds = 300 } }
  }

  expect_failures = [var.rollout]
}

run "baking_longer_than_an_hour_is_refused" {
  command = plan

  variables {
    rollout = { all_at_once = { bake_seconds = 3601 } }
  }

  expect_failures = [var.rollout]
}

run "half_a_second_of_baking_is_refused" {
  command = plan

  variables {
    rollout = { canary = { percent = 25, bake_seconds = 300.5 } }
  }

  expect_failures = [var.rollout]
}

run "a_canary_of_more_than_half_is_refused" {
  command = plan

  variables {
    rollout = { canary = { percent = 51, bake_seconds = 300 } }
  }

  expect_failures = [var.rollout]
}

run "a_canary_of_a_fraction_of_a_percent_is_refused" {
  command = plan

  variables {
    rollout = { canary = { percent = 33.3, bake_seconds = 300 } }
  }

  expect_failures = [var.rollout]
}

run "a_linear_step_of_less_than_a_tenth_is_refused" {
  command = plan

  variables {
    instances = { count = 20 }
    rollout   = { linear = { step_percent = 9, bake_seconds = 120 } }
  }

  expect_failures = [var.rollout]
}

run "a_linear_step_of_more_than_half_is_refused" {
  command = plan

  variables {
    rollout = { linear = { step_percent = 51, bake_seconds = 120 } }
  }

  expect_failures = [var.rollout]
}

run "a_rolling_batch_of_less_than_a_twentieth_is_refused" {
  command = plan

  variables {
    instances = { count = 50 }
    rollout   = { rolling = { batch_percent = 4, bake_seconds = 60 } }
    alarms    = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 1, periods = 1 }
  }

  expect_failures = [var.rollout]
}

run "a_rolling_batch_of_more_than_half_is_refused" {
  command = plan

  variables {
    rollout = { rolling = { batch_percent = 51, bake_seconds = 120 } }
  }

  expect_failures = [var.rollout]
}

run "a_canary_of_one_instance_is_refused" {
  command = plan

  variables {
    instances = { count = 1 }
    rollout   = { canary = { percent = 50, bake_seconds = 300 } }
  }

  expect_failures = [var.rollout]
}

run "a_canary_that_rounds_to_no_instance_is_refused" {
  command = plan

  variables {
    rollout = { canary = { percent = 24, bake_seconds = 300 } }
  }

  expect_failures = [var.rollout]
}

run "a_linear_step_that_rounds_to_no_instance_is_refused" {
  command = plan

  variables {
    rollout = { linear = { step_percent = 20, bake_seconds = 120 } }
  }

  expect_failures = [var.rollout]
}

run "a_rolling_batch_that_rounds_to_no_instance_is_refused" {
  command = plan

  variables {
    rollout = { rolling = { batch_percent = 20, bake_seconds = 120 } }
  }

  expect_failures = [var.rollout]
}

run "canaries_that_outlast_terraform_are_refused" {
  command = plan

  variables {
    rollout = { canary = { percent = 25, bake_seconds = 801 } }
  }

  expect_failures = [var.rollout]
}

run "steps_that_outlast_terraform_are_refused" {
  command = plan

  variables {
    rollout = { linear = { step_percent = 25, bake_seconds = 481 } }
  }

  expect_failures = [var.rollout]
}

run "batches_that_outlast_terraform_are_refused" {
  command = plan

  variables {
    rollout = { rolling = { batch_percent = 30, bake_seconds = 601 } }
  }

  expect_failures = [var.rollout]
}

run "a_canary_that_nobody_watches_is_refused" {
  command = plan

  variables {
    alarms = null
  }

  expect_failures = [var.rollout]
}

run "baking_that_nobody_watches_is_refused" {
  command = plan

  variables {
    alarms  = null
    rollout = { all_at_once = { bake_seconds = 300 } }
  }

  expect_failures = [var.rollout]
}

run "baking_shorter_than_an_alarm_needs_is_refused" {
  command = plan

  variables {
    rollout = { canary = { percent = 25, bake_seconds = 119 } }
  }

  expect_failures = [var.rollout]
}

run "alarms_that_nothing_waits_for_are_refused" {
  command = plan

  variables {
    rollout = { all_at_once = {} }
  }

  expect_failures = [var.rollout]
}
