mock_provider "aws" {
  source = "../testing"
}

variables {
  project     = "flights"
  environment = "dev"
  release     = { current = null, previous = null }

  delivery = {
    artifact_bucket         = "flights-artifacts"
    artifact_key_arn        = "arn:aws:kms:us-east-1:111111111111:key/artifacts"
    image_repository_arn    = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
    model_package_group_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/flights"
  }

  training = {
    approval = "automatic"
    gate = {
      thresholds = { auc = { min = 0.65 } }
      champion   = { metric = "auc", goal = "maximize" }
    }
  }
}

run "an_environment_without_a_release_trains_and_serves_nothing" {
  assert {
    condition     = output.state_machine_arn != null && output.endpoint_name == null && output.release_version == null
    error_message = "There is a workflow and no endpoint."
  }
}

run "an_environment_that_does_not_train_has_no_workflow" {
  variables {
    training = null
  }

  assert {
    condition     = output.state_machine_arn == null
    error_message = "Only an environment that declares training has a workflow."
  }
}

run "logs_of_this_environment_only_may_use_its_key" {
  assert {
    condition = jsondecode(aws_kms_key.this.policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == [
      "arn:aws:logs:us-east-1:111111111111:log-group:/aws/sagemaker/Endpoints/flights-dev",
      "arn:aws:logs:us-east-1:111111111111:log-group:/aws/vendedlogs/states/flights-dev-training",
    ]
    error_message = "CloudWatch Logs may use the key for the environment's two log groups."
  }
}

run "an_api_stands_before_an_endpoint" {
  variables {
    api = {
      package  = "main.tf"
      throttle = { requests_per_second = 100, burst = 200 }
      rollout  = { canary = { percent = 10, bake_minutes = 5 } }
      alarms   = { error_rate_percent = 1, p99_latency_ms = 1000 }
    }

    release = {
      previous = null
      current = {
        version           = "7"
        model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/7"
        model_data_url    = "s3://flights-artifacts/runs/a/model/flights-a/output/model.tar.gz"
        model_data_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        image             = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:1111111111111111111111111111111111111111111111111111111111111111"
        git_sha           = "1111111111111111111111111111111111111111"
        metrics           = { auc = 0.7 }
      }
    }
  }

  assert {
    condition     = output.api_deployment.function == "flights-dev-api" && endswith(output.api_url, "/predictions")
    error_message = "The API is named by the environment."
  }

  assert {
    condition = slice(jsondecode(aws_kms_key.this.policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"], 2, 5) == [
      "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/flights-dev-api",
      "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/flights-dev-api-check",
      "arn:aws:logs:us-east-1:111111111111:log-group:/aws/vendedlogs/apis/flights-dev-api",
    ]
    error_message = "The API's logs use the environment's key."
  }
}

run "an_asynchronous_endpoint_behind_an_api_is_refused" {
  command = plan

  variables {
    endpoint = { mode = { asynchronous = {} } }

    api = {
      package  = "main.tf"
      throttle = { requests_per_second = 100, burst = 200 }
      rollout  = { all_at_once = {} }
    }
  }

  expect_failures = [var.api]
}

run "an_environment_transforms_with_its_release" {
  variables {
    endpoint = { mode = { serverless = {} } }
    batch    = {}

    release = {
      previous = null
      current = {
        version           = "7"
        model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/7"
        model_data_url    = "s3://flights-artifacts/runs/a/model/flights-a/output/model.tar.gz"
        model_data_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        image             = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:1111111111111111111111111111111111111111111111111111111111111111"
        git_sha           = "1111111111111111111111111111111111111111"
        metrics           = { auc = 0.7 }
      }
    }
  }

  assert {
    condition     = output.endpoint_mode == "serverless" && output.batch.folder == "s3://flights-artifacts/serving/flights-dev/batch/" && run.an_environment_without_a_release_trains_and_serves_nothing.batch == null
    error_message = "Whole data sets are transformed by jobs, beside a serverless endpoint."
  }

  assert {
    condition     = contains(jsondecode(aws_kms_key.this.policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"], "arn:aws:logs:us-east-1:111111111111:log-group:/aws/vendedlogs/states/flights-dev-batch")
    error_message = "The workflow's log uses the environment's key."
  }
}

run "without_a_release_or_a_wish_there_is_no_api" {
  variables {
    api = {
      package  = "main.tf"
      throttle = { requests_per_second = 100, burst = 200 }
      rollout  = { all_at_once = {} }
    }
  }

  assert {
    condition     = output.api_url == null && output.api_deployment == null && run.an_environment_without_a_release_trains_and_serves_nothing.api_url == null
    error_message = "An API needs an endpoint."
  }
}

run "a_project_with_capitals_is_refused" {
  command = plan

  variables {
    project = "Flights"
  }

  expect_failures = [var.project]
}

run "an_environment_with_a_dash_is_refused" {
  command = plan

  variables {
    environment = "dev-2"
  }

  expect_failures = [var.environment]
}

run "a_processing_job_on_spot_is_refused" {
  command = plan

  variables {
    training = merge(var.training, { jobs = { processing = { spot = {} } } })
  }

  expect_failures = [output.endpoint_mode]
}

run "a_search_reaches_the_workflow" {
  variables {
    training = merge(var.training, { jobs = { training = { tuning = { max_jobs = 8, seed = 7 } } } })
  }

  assert {
    condition     = output.state_machine_arn != null
    error_message = "The environment's training may search; how many train at a time has a default."
  }
}

run "a_processing_job_that_is_tuned_is_refused" {
  command = plan

  variables {
    training = merge(var.training, { jobs = { processing = { tuning = { max_jobs = 8, seed = 7 } } } })
  }

  expect_failures = [output.endpoint_mode]
}

run "a_job_that_the_workflow_does_not_have_is_refused" {
  command = plan

  variables {
    training = merge(var.training, { jobs = { tuning = {} } })
  }

  expect_failures = [output.endpoint_mode]
}

run "a_misspelt_setting_of_the_endpoint_is_refused" {
  command = plan

  variables {
    endpoint = { mode = { serverless = { memory = 4096 } } }
  }

  expect_failures = [output.endpoint_mode]
}

run "a_setting_at_the_wrong_level_is_refused" {
  command = plan

  variables {
    endpoint = { max_concurrency = 20 }
  }

  expect_failures = [output.endpoint_mode]
}

run "a_misspelt_setting_of_batches_is_refused" {
  command = plan

  variables {
    batch = { instances = { typ = "ml.m5.large" } }
  }

  expect_failures = [output.endpoint_mode]
}

run "a_misspelt_setting_of_a_search_is_refused" {
  command = plan

  variables {
    training = merge(var.training, { jobs = { training = { tuning = { max_jobs = 8, sed = 7, seed = 7 } } } })
  }

  expect_failures = [output.endpoint_mode]
}

run "a_misspelt_bound_is_refused" {
  command = plan

  variables {
    training = merge(var.training, { gate = merge(var.training.gate, { thresholds = { auc = { min = 0.65, mx = 0.9 } } }) })
  }

  expect_failures = [output.endpoint_mode]
}

run "a_misspelt_setting_of_the_champion_is_refused" {
  command = plan

  variables {
    training = merge(var.training, { gate = merge(var.training.gate, { champion = { metric = "auc", goal = "maximize", tolerence = 0.01 } }) })
  }

  expect_failures = [output.endpoint_mode]
}

run "a_misspelt_setting_of_the_api_is_refused" {
  command = plan

  variables {
    api = {
      package  = "main.tf"
      throttle = { requests_per_second = 100, burst = 200 }
      rollout  = { canary = { percent = 10, bake_minutes = 5 } }
      alarm    = { error_rate_percent = 1, p99_latency_ms = 1000 }
    }
  }

  expect_failures = [output.endpoint_mode]
}

run "a_setting_of_a_strategy_that_has_none_is_refused" {
  command = plan

  variables {
    api = {
      package  = "main.tf"
      throttle = { requests_per_second = 100, burst = 200 }
      rollout  = { all_at_once = { bake_minutes = 5 } }
    }
  }

  expect_failures = [output.endpoint_mode]
}

run "a_misspelt_setting_of_a_schedule_is_refused" {
  command = plan

  variables {
    endpoint = {
      autoscaling = { min = 1, max = 2, invocations_per_instance = 1000, schedules = { morning = { schedule = "cron(0 6 * * ? *)", min = 2, max = 2, zone = "UTC" } } }
    }
  }

  expect_failures = [output.endpoint_mode]
}
