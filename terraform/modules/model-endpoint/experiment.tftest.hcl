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
  experiment           = { ab = { percent = 10, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }

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

run "a_challenger_answers_its_share" {
  assert {
    condition     = [for variant in aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants : [variant.variant_name, variant.initial_variant_weight, variant.initial_instance_count]] == [["current", 90, 4], ["challenger", 10, 1]]
    error_message = "A tenth of the requests goes to the challenger, on as much of the fleet."
  }

  assert {
    condition     = length(aws_sagemaker_model.this) == 2 && length(aws_sagemaker_endpoint_configuration.this) == 1 && startswith(output.config_name, "flights-prod-1-") && aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[1].model_name == one([for name in keys(aws_sagemaker_model.this) : name if startswith(name, "flights-prod-2-")])
    error_message = "The challenger is a model beside the current release, and no configuration of its own."
  }
}

run "a_shadow_is_sent_copies" {
  variables {
    experiment = { shadow = { percent = 50, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  assert {
    condition     = length(aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants) == 1 && aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].initial_variant_weight == 100
    error_message = "The current release answers everything."
  }

  assert {
    condition     = [for variant in aws_sagemaker_endpoint_configuration.this[output.config_name].shadow_production_variants : [variant.variant_name, variant.initial_variant_weight, variant.initial_instance_count]] == [["challenger", 50, 2]]
    error_message = "Half of the requests are copied."
  }

  assert {
    condition     = output.config_name != run.a_challenger_answers_its_share.config_name
    error_message = "Another experiment is another configuration."
  }
}

run "the_previous_release_may_be_the_challenger" {
  variables {
    release = merge(var.release, { previous = merge(var.experiment.ab.release, { model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/2", metrics = { auc = 0.7 } }) })
  }

  assert {
    condition     = length(aws_sagemaker_model.this) == 2 && length(aws_sagemaker_endpoint_configuration.this) == 2
    error_message = "One model serves as both."
  }
}

run "an_experiment_that_ends_leaves_the_endpoint_as_it_was" {
  variables {
    experiment = null
  }

  assert {
    condition     = length(aws_sagemaker_model.this) == 1 && length(aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants) == 1 && aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].initial_variant_weight == 1
    error_message = "Nothing of the challenger stays."
  }
}

run "no_kind_of_experiment_is_refused" {
  command = plan

  variables {
    experiment = {}
  }

  expect_failures = [var.experiment]
}

run "two_kinds_of_experiments_are_refused" {
  command = plan

  variables {
    experiment = { ab = { percent = 10, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } }, shadow = { percent = 10, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  expect_failures = [var.experiment]
}

run "an_asynchronous_experiment_is_refused" {
  command = plan

  variables {
    mode       = { asynchronous = {} }
    experiment = { ab = { percent = 10, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  expect_failures = [var.experiment]
}

run "a_serverless_experiment_is_refused" {
  command = plan

  variables {
    mode       = { serverless = {} }
    instances  = null
    experiment = { shadow = { percent = 10, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  expect_failures = [var.experiment]
}

run "a_challenger_that_answers_everything_is_refused" {
  command = plan

  variables {
    experiment = { ab = { percent = 100, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  expect_failures = [var.experiment]
}

run "a_shadow_of_nothing_is_refused" {
  command = plan

  variables {
    experiment = { shadow = { percent = 0, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  expect_failures = [var.experiment]
}

run "the_current_release_as_its_own_challenger_is_refused" {
  command = plan

  variables {
    experiment = { ab = { percent = 10, release = { version = "1", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  expect_failures = [var.experiment]
}

run "a_challenger_by_a_tag_is_refused" {
  command = plan

  variables {
    experiment = { ab = { percent = 10, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights:latest", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  expect_failures = [var.experiment]
}

run "a_challenger_in_batches_is_refused" {
  command = plan

  variables {
    rollout    = { rolling = { batch_percent = 50, bake_seconds = 300 } }
    alarms     = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 1 }
    experiment = { ab = { percent = 10, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  expect_failures = [var.experiment]
}

run "an_experiment_on_inf1_is_refused" {
  command = plan

  variables {
    instances  = { type = "ml.inf1.xlarge", built_for = "neuron" }
    experiment = { ab = { percent = 10, release = { version = "2", model_data_url = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz", model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222", git_sha = "2222222222222222222222222222222222222222" } } }
  }

  expect_failures = [var.experiment]
}
