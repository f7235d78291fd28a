mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                 = "flights-prod"
  artifacts            = { bucket = "flights-artifacts", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  image_repository_arn = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
  key_arn              = "arn:aws:kms:us-east-1:111111111111:key/environment"
  boundary_arn         = "arn:aws:iam::111111111111:policy/flights-boundary"
  autoscaling          = { min = 2, max = 4, invocations_per_instance = 600 }

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

run "a_fleet_starts_with_the_most_that_may_run" {
  assert {
    condition     = aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].initial_instance_count == 4
    error_message = "No rollout scales in."
  }
}

run "another_minimum_rolls_nothing_out" {
  variables {
    autoscaling = { min = 3, max = 4, invocations_per_instance = 700 }
  }

  assert {
    condition     = output.config_name == run.a_fleet_starts_with_the_most_that_may_run.config_name
    error_message = "What autoscaling does, and how, is no other configuration."
  }
}

run "another_maximum_is_another_configuration" {
  variables {
    autoscaling = { min = 2, max = 5, invocations_per_instance = 600 }
  }

  assert {
    condition     = output.config_name != run.a_fleet_starts_with_the_most_that_may_run.config_name && aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].initial_instance_count == 5
    error_message = "The most that may run is what a fleet starts with."
  }
}

run "a_fixed_number_is_not_scaled" {
  variables {
    autoscaling = null
    instances   = { count = 3 }
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].initial_instance_count == 3 && length(aws_appautoscaling_target.this) + length(aws_appautoscaling_target.scheduled) + length(aws_appautoscaling_policy.target) == 0
    error_message = "Git says how many run."
  }
}

run "requests_are_tracked_between_the_bounds" {
  assert {
    condition     = aws_appautoscaling_target.this[0].min_capacity == 2 && aws_appautoscaling_target.this[0].max_capacity == 4 && aws_appautoscaling_target.this[0].resource_id == "endpoint/flights-prod/variant/current" && length(aws_appautoscaling_target.scheduled) == 0
    error_message = "The variant is scaled between the bounds."
  }

  assert {
    condition     = one(aws_appautoscaling_policy.target[0].target_tracking_scaling_policy_configuration).target_value == 600 && one(aws_appautoscaling_policy.target[0].target_tracking_scaling_policy_configuration).scale_in_cooldown == 300 && one(aws_appautoscaling_policy.target[0].target_tracking_scaling_policy_configuration).scale_out_cooldown == 60 && one(one(aws_appautoscaling_policy.target[0].target_tracking_scaling_policy_configuration).predefined_metric_specification).predefined_metric_type == "SageMakerVariantInvocationsPerInstance"
    error_message = "Requests an instance are tracked, fast out and slow in."
  }

  assert {
    condition     = length(aws_appautoscaling_policy.surge) + length(aws_cloudwatch_metric_alarm.surge) + length(aws_appautoscaling_scheduled_action.this) == 0
    error_message = "Nothing else scales unless asked."
  }
}

run "a_surge_is_answered_by_its_size" {
  variables {
    autoscaling = { min = 2, max = 4, invocations_per_instance = 600, steps = { large = { above = 2400, add = 2 }, small = { above = 900, add = 1 } } }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.surge[0].threshold == 900 && aws_cloudwatch_metric_alarm.surge[0].alarm_actions == toset([aws_appautoscaling_policy.surge[0].arn])
    error_message = "The first step is where the alarm rings."
  }

  assert {
    condition     = toset([for step in one(aws_appautoscaling_policy.surge[0].step_scaling_policy_configuration).step_adjustment : [step.metric_interval_lower_bound, step.metric_interval_upper_bound, tostring(step.scaling_adjustment)]]) == toset([["0", "1500", "1"], ["1500", null, "2"]])
    error_message = "Steps follow one another, the last without an end."
  }
}

run "the_clock_moves_the_bounds" {
  variables {
    autoscaling = { min = 2, max = 4, invocations_per_instance = 600, schedules = { night = { schedule = "cron(0 22 * * ? *)", min = 1, max = 2 } } }
  }

  assert {
    condition     = one(aws_appautoscaling_scheduled_action.this["night"].scalable_target_action).max_capacity == "2" && aws_appautoscaling_scheduled_action.this["night"].timezone == "UTC"
    error_message = "At night fewer may run."
  }

  assert {
    condition     = length(aws_appautoscaling_target.this) == 0 && aws_appautoscaling_target.scheduled[0].max_capacity == 4
    error_message = "The bounds that schedules overwrite are no diff."
  }
}

run "without_an_endpoint_nothing_is_scaled" {
  variables {
    release = { current = null, previous = null }
  }

  assert {
    condition     = length(aws_appautoscaling_target.this) + length(aws_appautoscaling_target.scheduled) + length(aws_appautoscaling_policy.target) == 0
    error_message = "There is nothing to scale."
  }
}

run "a_fixed_and_scaled_number_is_refused" {
  command = plan

  variables {
    instances = { count = 2 }
  }

  expect_failures = [var.instances]
}

run "bounds_the_wrong_way_round_are_refused" {
  command = plan

  variables {
    autoscaling = { min = 4, max = 2, invocations_per_instance = 600 }
  }

  expect_failures = [var.autoscaling]
}

run "scaling_to_nothing_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 0, max = 2, invocations_per_instance = 600 }
  }

  expect_failures = [var.autoscaling]
}

run "a_target_of_nothing_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 2, max = 4, invocations_per_instance = 0 }
  }

  expect_failures = [var.autoscaling]
}

run "a_negative_cooldown_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 2, max = 4, invocations_per_instance = 600, scale_in_cooldown_seconds = -1 }
  }

  expect_failures = [var.autoscaling]
}

run "a_step_that_works_against_tracking_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 2, max = 4, invocations_per_instance = 600, steps = { early = { above = 300, add = 1 } } }
  }

  expect_failures = [var.autoscaling]
}

run "two_steps_from_one_number_are_refused" {
  command = plan

  variables {
    autoscaling = { min = 2, max = 4, invocations_per_instance = 600, steps = { one = { above = 900, add = 1 }, two = { above = 900, add = 2 } } }
  }

  expect_failures = [var.autoscaling]
}

run "a_schedule_that_is_none_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 2, max = 4, invocations_per_instance = 600, schedules = { night = { schedule = "at night", min = 1, max = 2 } } }
  }

  expect_failures = [var.autoscaling]
}

run "a_schedule_beyond_the_maximum_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 2, max = 4, invocations_per_instance = 600, schedules = { day = { schedule = "cron(0 6 * * ? *)", min = 2, max = 5 } } }
  }

  expect_failures = [var.autoscaling]
}
