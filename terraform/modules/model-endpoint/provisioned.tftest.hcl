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

run "what_is_provisioned_is_scaled_by_its_use" {
  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 1, max = 8, provisioned_utilization = 0.7, schedules = { night = { schedule = "cron(0 20 * * ? *)", min = 1, max = 2 } } }
  }

  assert {
    condition     = one(aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].serverless_config).provisioned_concurrency == 8
    error_message = "A rollout starts with the most that may be provisioned, and never takes any away."
  }

  assert {
    condition     = [for target in aws_appautoscaling_target.scheduled : "${target.scalable_dimension} ${target.min_capacity} ${target.max_capacity}"] == ["sagemaker:variant:DesiredProvisionedConcurrency 1 8"]
    error_message = "Not instances are scaled, of which there are none."
  }

  assert {
    condition     = [for tracking in [one(aws_appautoscaling_policy.target[0].target_tracking_scaling_policy_configuration)] : "${one(tracking.predefined_metric_specification).predefined_metric_type} ${tracking.target_value}"] == ["SageMakerVariantProvisionedConcurrencyUtilization 0.7"]
    error_message = "What is used of it is tracked."
  }

  assert {
    condition     = aws_appautoscaling_scheduled_action.this["night"].scalable_dimension == "sagemaker:variant:DesiredProvisionedConcurrency"
    error_message = "Schedules set bounds of what is provisioned."
  }
}

run "another_minimum_of_what_is_provisioned_rolls_nothing_out" {
  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 2, max = 8, provisioned_utilization = 0.5 }
  }

  assert {
    condition     = output.config_name == run.what_is_provisioned_is_scaled_by_its_use.config_name
    error_message = "How it is scaled is no other configuration."
  }
}

run "another_maximum_of_what_is_provisioned_is_another_configuration" {
  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 1, max = 9, provisioned_utilization = 0.7 }
  }

  assert {
    condition     = output.config_name != run.what_is_provisioned_is_scaled_by_its_use.config_name
    error_message = "The most that may be provisioned is what a configuration starts with."
  }
}

run "serverless_scaled_by_nothing_is_refused" {
  command = plan

  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 1, max = 2 }
  }

  expect_failures = [var.autoscaling]
}

run "a_utilization_of_nothing_is_refused" {
  command = plan

  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 1, max = 2, provisioned_utilization = 0 }
  }

  expect_failures = [var.autoscaling]
}

run "a_utilization_in_percent_is_refused" {
  command = plan

  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 1, max = 2, provisioned_utilization = 70 }
  }

  expect_failures = [var.autoscaling]
}

run "provisioned_concurrency_scaled_by_a_backlog_is_refused" {
  command = plan

  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 1, max = 2, provisioned_utilization = 0.7, backlog_per_instance = 5 }
  }

  expect_failures = [var.autoscaling]
}

run "provisioned_concurrency_scaled_by_steps_is_refused" {
  command = plan

  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 1, max = 2, provisioned_utilization = 0.7, steps = { surge = { above = 10, add = 1 } } }
  }

  expect_failures = [var.autoscaling]
}

run "nothing_provisioned_at_night_is_refused" {
  command = plan

  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 0, max = 2, provisioned_utilization = 0.7 }
  }

  expect_failures = [var.autoscaling]
}

run "more_provisioned_than_concurrent_is_refused" {
  command = plan

  variables {
    mode        = { serverless = { max_concurrency = 20 } }
    autoscaling = { min = 1, max = 21, provisioned_utilization = 0.7 }
  }

  expect_failures = [var.autoscaling]
}

run "provisioned_both_fixed_and_scaled_is_refused" {
  command = plan

  variables {
    mode        = { serverless = { max_concurrency = 20, provisioned_concurrency = 2 } }
    autoscaling = { min = 1, max = 8, provisioned_utilization = 0.7 }
  }

  expect_failures = [var.autoscaling]
}

run "instances_scaled_by_what_is_provisioned_is_refused" {
  command = plan

  variables {
    mode        = { real_time = {} }
    autoscaling = { min = 1, max = 2, invocations_per_instance = 600, provisioned_utilization = 0.7 }
  }

  expect_failures = [var.autoscaling]
}

run "an_asynchronous_fleet_scaled_by_what_is_provisioned_is_refused" {
  command = plan

  variables {
    mode        = { asynchronous = {} }
    autoscaling = { min = 1, max = 2, backlog_per_instance = 5, provisioned_utilization = 0.7 }
  }

  expect_failures = [var.autoscaling]
}
