mock_provider "aws" {
  source = "../../testing"
}

variables {
  name    = "flights"
  readers = ["111111111111", "222222222222"]
  writers = ["111111111111"]
}

run "readers_describe_and_writers_register" {
  assert {
    condition = { for statement in jsondecode(aws_sagemaker_model_package_group_policy.this.resource_policy).Statement : statement.Sid => [statement.Principal.AWS, statement.Action, statement.Resource] } == {
      ReadGroup = [
        ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"],
        ["sagemaker:DescribeModelPackageGroup"],
        "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/mocked",
      ]
      ReadVersions = [
        ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"],
        ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
        "arn:aws:sagemaker:us-east-1:111111111111:model-package/mocked/*",
      ]
      Register = [
        ["arn:aws:iam::111111111111:root"],
        ["sagemaker:CreateModelPackage"],
        "arn:aws:sagemaker:us-east-1:111111111111:model-package/mocked/*",
      ]
    }
    error_message = "Every reader may look, only writers may register."
  }
}

run "without_writers_nobody_registers" {
  variables {
    writers = []
  }

  assert {
    condition     = !strcontains(aws_sagemaker_model_package_group_policy.this.resource_policy, "sagemaker:CreateModelPackage")
    error_message = "No statement lets anyone register."
  }
}

run "a_name_with_a_slash_is_refused" {
  command = plan

  variables {
    name = "flights/late"
  }

  expect_failures = [var.name]
}

run "a_registry_that_nobody_may_read_is_refused" {
  command = plan

  variables {
    readers = []
    writers = []
  }

  expect_failures = [var.readers]
}

run "a_writer_that_may_not_read_is_refused" {
  command = plan

  variables {
    writers = ["333333333333"]
  }

  expect_failures = [var.writers]
}
