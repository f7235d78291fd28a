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
    current = {
      version           = "2"
      model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/2"
      model_data_url    = "s3://flights-artifacts/runs/b/model/flights-b/output/model.tar.gz"
      model_data_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
      image             = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222"
      git_sha           = "2222222222222222222222222222222222222222"
      metrics           = { auc = 0.71 }
    }
    previous = {
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

run "an_environment_without_a_release_has_no_endpoint" {
  variables {
    release = { current = null, previous = null }
  }

  assert {
    condition     = length(aws_sagemaker_endpoint.this) + length(aws_sagemaker_endpoint_configuration.this) + length(aws_sagemaker_model.this) == 0
    error_message = "Without a release there is nothing to serve."
  }

  assert {
    condition     = output.name == null && output.config_name == null && output.release_version == null
    error_message = "The outputs say that nothing is served."
  }
}

run "the_first_release_serves_alone" {
  variables {
    release = { current = var.release.previous, previous = null }
  }

  assert {
    condition     = length(aws_sagemaker_model.this) == 1 && keys(aws_sagemaker_endpoint_configuration.this) == [output.config_name]
    error_message = "One model and one configuration exist."
  }

  assert {
    condition     = startswith(output.config_name, "flights-dev-1-") && output.release_version == "1" && output.name == "flights-dev"
    error_message = "The configuration's name starts with the endpoint's and the version; got ${output.config_name}."
  }
}

run "the_next_release_serves_and_the_one_before_stays_what_it_was" {
  assert {
    condition     = contains(keys(aws_sagemaker_endpoint_configuration.this), run.the_first_release_serves_alone.config_name)
    error_message = "The configuration of the release before still exists under its name."
  }

  assert {
    condition     = startswith(aws_sagemaker_endpoint.this[0].endpoint_config_name, "flights-dev-2-") && length(aws_sagemaker_endpoint_configuration.this) == 2
    error_message = "The endpoint runs the current release's configuration."
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].model_name == one([for name in keys(aws_sagemaker_model.this) : name if startswith(name, "flights-dev-2-")])
    error_message = "The current configuration serves the current model."
  }
}

run "a_rollback_returns_to_the_configuration_of_before" {
  variables {
    release = { current = var.release.previous, previous = var.release.current }
  }

  assert {
    condition     = output.config_name == run.the_first_release_serves_alone.config_name
    error_message = "The swapped release runs the very configuration that it ran before; got ${output.config_name}."
  }
}

run "another_instance_is_another_configuration_of_the_same_model" {
  variables {
    instances = { type = "ml.c5.xlarge", count = 2 }
  }

  assert {
    condition     = output.config_name != run.the_next_release_serves_and_the_one_before_stays_what_it_was.config_name
    error_message = "What an endpoint runs on belongs to its configuration's content."
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].initial_instance_count == 2
    error_message = "The configuration asks for two instances."
  }
}

run "a_container_knows_its_release" {
  assert {
    condition = alltrue([for name, model in aws_sagemaker_model.this : model.primary_container[0].environment == tomap({
      FAIRWAY_RELEASE = startswith(name, "flights-dev-2-") ? "2" : "1"
      FAIRWAY_GIT_SHA = startswith(name, "flights-dev-2-") ? var.release.current.git_sha : var.release.previous.git_sha
      FAIRWAY_IMAGE   = model.primary_container[0].image
    })])
    error_message = "A serving container is told version, commit and image."
  }
}

run "volumes_and_logs_are_encrypted_with_the_environments_key" {
  assert {
    condition     = alltrue([for config in aws_sagemaker_endpoint_configuration.this : config.kms_key_arn == var.key_arn])
    error_message = "Every configuration names the key."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.key_arn && aws_cloudwatch_log_group.this.name == "/aws/sagemaker/Endpoints/flights-dev"
    error_message = "The endpoint's log group has the key."
  }
}

run "instances_with_disks_of_their_own_are_given_no_key" {
  variables {
    instances = { type = "ml.g5.xlarge", built_for = "gpu" }
  }

  assert {
    condition     = alltrue([for config in aws_sagemaker_endpoint_configuration.this : config.kms_key_arn == null])
    error_message = "SageMaker refuses a key for an instance with disks of its own."
  }
}

run "the_role_reads_models_pulls_and_logs_no_more" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => statement.Resource } == {
      Model     = "arn:aws:s3:::flights-artifacts/runs/*/model.tar.gz"
      ModelKey  = var.artifacts.key_arn
      VolumeKey = var.key_arn
      Image     = var.image_repository_arn
      Registry  = "*"
      Logs      = ["arn:aws:logs:us-east-1:111111111111:log-group:mocked-group", "arn:aws:logs:us-east-1:111111111111:log-group:mocked-group:*"]
      Metrics   = "*"
      Alarms    = "*"
    }
    error_message = "Each statement of the role names its resource; a token, metrics and descriptions have none."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.Service == "sagemaker.amazonaws.com"
    error_message = "SageMaker, and nobody else, assumes the role."
  }
}

run "an_image_named_by_a_tag_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, { image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights:latest" }) })
  }

  expect_failures = [var.release]
}

run "an_image_with_tag_and_digest_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, { image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights:v2@sha256:2222222222222222222222222222222222222222222222222222222222222222" }) })
  }

  expect_failures = [var.release]
}

run "the_previous_release_is_held_to_the_same_rules" {
  command = plan

  variables {
    release = merge(var.release, { previous = merge(var.release.previous, { image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights:latest" }) })
  }

  expect_failures = [var.release]
}

run "a_shortened_commit_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, { git_sha = "2222222" }) })
  }

  expect_failures = [var.release]
}

run "a_wrong_hash_of_the_model_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, { model_data_sha256 = "bbbb" }) })
  }

  expect_failures = [var.release]
}

run "a_model_that_is_no_object_in_s3_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, { model_data_url = "https://example.com/model.tar.gz" }) })
  }

  expect_failures = [var.release]
}

run "a_model_that_is_no_archive_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, { model_data_url = "s3://flights-artifacts/runs/b/model/" }) })
  }

  expect_failures = [var.release]
}

run "an_arn_of_something_else_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, { model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model/flights" }) })
  }

  expect_failures = [var.release]
}

run "an_arn_of_another_version_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, { model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/3" }) })
  }

  expect_failures = [var.release]
}

run "a_version_that_is_no_number_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, {
      version           = "latest"
      model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/latest"
    }) })
  }

  expect_failures = [var.release]
}

run "a_model_outside_the_artifact_store_is_refused" {
  command = plan

  variables {
    release = merge(var.release, { current = merge(var.release.current, { model_data_url = "s3://elsewhere/runs/b/model.tar.gz" }) })
  }

  expect_failures = [aws_sagemaker_model.this]
}

run "a_release_file_without_previous_is_refused" {
  command = plan

  variables {
    release = { current = var.release.current }
  }

  expect_failures = [var.release]
}

run "a_previous_release_without_a_current_one_is_refused" {
  command = plan

  variables {
    release = { current = null, previous = var.release.previous }
  }

  expect_failures = [var.release]
}

run "the_same_release_twice_is_refused" {
  command = plan

  variables {
    release = { current = var.release.current, previous = var.release.current }
  }

  expect_failures = [var.release]
}

run "a_name_that_leaves_no_room_for_version_and_hash_is_refused" {
  command = plan

  variables {
    name = "a-name-that-is-longer-than-forty-characters"
  }

  expect_failures = [var.name]
}

run "an_instance_type_without_its_ml_is_refused" {
  command = plan

  variables {
    instances = { type = "m5.large" }
  }

  expect_failures = [var.instances]
}

run "no_instance_at_all_is_refused" {
  command = plan

  variables {
    instances = { count = 0 }
  }

  expect_failures = [var.instances]
}

run "half_an_instance_is_refused" {
  command = plan

  variables {
    instances = { count = 1.5 }
  }

  expect_failures = [var.instances]
}
