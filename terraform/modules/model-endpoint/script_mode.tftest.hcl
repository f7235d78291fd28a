mock_provider "aws" {
  source = "../../testing"
}

variables {
  script_mode          = { image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost@sha256:2222222222222222222222222222222222222222222222222222222222222222" }
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

run "the_managed_image_runs_the_code_of_the_artifact" {
  assert {
    condition     = [for model in aws_sagemaker_model.this : model.primary_container[0].image] == [var.script_mode.image]
    error_message = "The container is SageMaker's."
  }

  assert {
    condition = one([for model in aws_sagemaker_model.this : model.primary_container[0].environment]) == tomap({
      FAIRWAY_RELEASE            = "1"
      FAIRWAY_GIT_SHA            = var.release.current.git_sha
      FAIRWAY_IMAGE              = var.release.current.image
      SAGEMAKER_PROGRAM          = "inference.py"
      SAGEMAKER_SUBMIT_DIRECTORY = "/opt/ml/model/code"
    })
    error_message = "It is told where the code is, and what release it serves."
  }

  assert {
    condition     = [for model in aws_sagemaker_model.this : model.primary_container[0].model_data_url] == [var.release.current.model_data_url]
    error_message = "The artifact is the release's, as for its own image."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => statement.Resource if endswith(statement.Sid, "Image") } == {
      Image        = var.image_repository_arn
      ManagedImage = "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-xgboost"
    }
    error_message = "The role pulls that image, and the one that ran before."
  }
}

run "without_it_the_releases_own_image_serves" {
  variables {
    script_mode = null
  }

  assert {
    condition     = [for model in aws_sagemaker_model.this : model.primary_container[0].image] == [var.release.current.image] && output.config_name != run.the_managed_image_runs_the_code_of_the_artifact.config_name
    error_message = "Another image is another model, and a rollout."
  }

  assert {
    condition     = !contains([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid], "ManagedImage")
    error_message = "Nobody pulls what is not used."
  }
}

run "an_image_of_the_projects_own_repository_may_stand_in" {
  variables {
    script_mode = { image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:2222222222222222222222222222222222222222222222222222222222222222" }
  }

  assert {
    condition     = [for model in aws_sagemaker_model.this : model.primary_container[0].image] == [var.script_mode.image]
    error_message = "A mirror of a managed image lies there, and what rehearses it."
  }
}

run "its_alarms_judge_errors_and_latency_alone" {
  variables {
    instances = { count = 2 }
    rollout   = { canary = { percent = 50, bake_seconds = 300 } }
    alarms    = { error_rate_percent = 1, p99_latency_ms = 500 }
  }

  assert {
    condition     = toset([for alarm in one(one(aws_sagemaker_endpoint.this[0].deployment_config).auto_rollback_configuration).alarms : alarm.alarm_name]) == toset(["flights-dev-errors", "flights-dev-latency"]) && length(aws_cloudwatch_metric_alarm.quality) == 0
    error_message = "A managed image writes no quality lines, and their silence would roll back."
  }
}

run "a_serverless_endpoint_serves_in_script_mode_too" {
  variables {
    mode = { serverless = {} }
  }

  assert {
    condition     = output.mode == "serverless" && [for model in aws_sagemaker_model.this : model.primary_container[0].image] == [var.script_mode.image]
    error_message = "Its requests are no larger."
  }
}

run "a_managed_image_by_tag_is_refused" {
  command = plan

  variables {
    script_mode = { image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5" }
  }

  expect_failures = [var.script_mode]
}

run "an_image_of_another_registry_is_refused" {
  command = plan

  variables {
    script_mode = { image = "public.ecr.aws/sagemaker/sagemaker-xgboost@sha256:2222222222222222222222222222222222222222222222222222222222222222" }
  }

  expect_failures = [var.script_mode]
}

run "an_image_that_is_neither_sagemakers_nor_the_projects_is_refused" {
  command = plan

  variables {
    script_mode = { image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/other@sha256:2222222222222222222222222222222222222222222222222222222222222222" }
  }

  expect_failures = [var.script_mode]
}

run "script_mode_asynchronously_is_refused" {
  command = plan

  variables {
    mode = { asynchronous = {} }
  }

  expect_failures = [var.script_mode]
}

run "script_mode_with_a_quality_alarm_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 1 }
  }

  expect_failures = [var.alarms]
}

run "our_own_image_without_a_quality_alarm_is_refused" {
  command = plan

  variables {
    script_mode = null
    alarms      = { error_rate_percent = 1, p99_latency_ms = 500 }
  }

  expect_failures = [var.alarms]
}
