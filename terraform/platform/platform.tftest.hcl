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

run "a_job_that_the_workflow_does_not_have_is_refused" {
  command = plan

  variables {
    training = {
      approval = "automatic"
      gate = {
        thresholds = { auc = { min = 0.65 } }
        champion   = { metric = "auc", goal = "maximize" }
      }
      jobs = { tuning = {} }
    }
  }

  expect_failures = [var.training]
}
