mock_provider "aws" {
  source = "../../testing"
}

variables {
  project        = "flights"
  name           = "plan"
  description    = "Plans an environment."
  outputs        = ["plan"]
  artifacts      = { bucket = "flights-pipelines", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  connection_arn = "arn:aws:codeconnections:us-east-1:111111111111:connection/one"
  key_arn        = "arn:aws:kms:us-east-1:111111111111:key/delivery"
  boundary_arn   = "arn:aws:iam::111111111111:policy/flights-boundary"

  statements = {
    Plan = { actions = ["sts:AssumeRole"], resources = ["arn:aws:iam::111111111111:role/flights-plan"] }
  }
}

run "names_follow_from_what_is_built" {
  assert {
    condition = (
      aws_codebuild_project.this.name == "flights-plan" && one(aws_codebuild_project.this.source).buildspec == "buildspecs/plan.yml"
      && aws_iam_role.this.name == "flights-build-plan" && aws_cloudwatch_log_group.this.name == "/aws/codebuild/flights-plan"
    )
    error_message = "Project, buildspec, role and log group are called after the build."
  }
}

run "a_build_reads_its_source_writes_its_output_and_logs_no_more" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      Log = [
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        ["arn:aws:logs:us-east-1:111111111111:log-group:mocked-group:*"],
      ]
      Inputs      = [["s3:GetObject", "s3:GetObjectVersion"], ["arn:aws:s3:::flights-pipelines/*/source/*"]]
      Outputs     = [["s3:PutObject"], ["arn:aws:s3:::flights-pipelines/*/plan/*"]]
      Owner       = [["s3:GetBucketAcl", "s3:GetBucketLocation"], ["arn:aws:s3:::flights-pipelines"]]
      ArtifactKey = [["kms:Decrypt", "kms:GenerateDataKey"], [var.artifacts.key_arn]]
      Clone       = [["codeconnections:UseConnection"], [var.connection_arn]]
      Plan        = [["sts:AssumeRole"], ["arn:aws:iam::111111111111:role/flights-plan"]]
    }
    error_message = "Every statement names its actions and resources."
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "codebuild.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = "111111111111" } }
    }]
    error_message = "CodeBuild, for this account, assumes the role."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.boundary_arn
    error_message = "The deploy role may make no role without the boundary."
  }
}

run "what_leaves_nothing_writes_nothing" {
  variables {
    outputs    = []
    statements = {}
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid] == ["ArtifactKey", "Clone", "Inputs", "Log"]
    error_message = "No statement is there without a resource."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action if statement.Sid == "ArtifactKey"]) == ["kms:Decrypt"]
    error_message = "It decrypts only."
  }
}

run "reports_have_the_names_that_codebuild_gives_them" {
  variables {
    name    = "unit"
    reports = ["unit"]
  }

  assert {
    condition     = aws_codebuild_report_group.this["unit"].name == "flights-unit-unit" && aws_codebuild_report_group.this["unit"].delete_reports
    error_message = "A report's group is <build project>-<report>, and goes with the project."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action if statement.Sid == "Reports"]) == ["codebuild:BatchPutTestCases", "codebuild:CreateReport", "codebuild:UpdateReport"]
    error_message = "A build fills its report groups, and makes none."
  }
}

run "a_long_name_of_an_artifact_is_cut_as_codepipeline_cuts_it" {
  variables {
    inputs = ["source", "a-very-long-artifact"]
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Resource if statement.Sid == "Inputs"]) == ["arn:aws:s3:::flights-pipelines/*/a-very-lon/*", "arn:aws:s3:::flights-pipelines/*/source/*"]
    error_message = "Ten characters of it are in the object's key."
  }
}

run "a_build_is_on_the_pinned_image_and_not_privileged" {
  assert {
    condition     = one(aws_codebuild_project.this.environment).image == "aws/codebuild/standard:7.0" && !one(aws_codebuild_project.this.environment).privileged_mode
    error_message = "The image is pinned, and the container is an ordinary one."
  }

  assert {
    condition     = one(aws_codebuild_project.this.cache).modes == tolist(["LOCAL_CUSTOM_CACHE"])
    error_message = "The cache stays on the build host."
  }

  assert {
    condition     = { for variable in one(aws_codebuild_project.this.environment).environment_variable : variable.name => variable.value } == { CLOUD = "aws" }
    error_message = "CLOUD is always aws."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.key_arn && aws_codebuild_project.this.encryption_key == var.artifacts.key_arn
    error_message = "Logs and artifacts are encrypted, each with its key."
  }
}

run "a_condition_stands_with_its_statement" {
  variables {
    statements = {
      List = {
        actions   = ["s3:ListBucket"]
        resources = ["arn:aws:s3:::flights-artifacts"]
        condition = { StringLike = { "s3:prefix" = "raw/*" } }
      }
    }
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Condition if statement.Sid == "List"]) == { StringLike = { "s3:prefix" = "raw/*" } }
    error_message = "The condition is written as it was handed in."
  }
}

run "a_build_of_containers_is_privileged_and_keeps_layers" {
  variables {
    privileged  = true
    size        = "medium"
    environment = { REGISTRY = "111111111111.dkr.ecr.us-east-1.amazonaws.com" }
  }

  assert {
    condition     = one(aws_codebuild_project.this.environment).privileged_mode && one(aws_codebuild_project.this.environment).compute_type == "BUILD_GENERAL1_MEDIUM" && contains(one(aws_codebuild_project.this.cache).modes, "LOCAL_DOCKER_LAYER_CACHE")
    error_message = "Docker runs in it, and its layers stay on the build host."
  }
}

run "a_project_with_capitals_is_refused" {
  command = plan

  variables {
    project = "Flights"
  }

  expect_failures = [var.project]
}

run "a_build_whose_name_is_no_file_is_refused" {
  command = plan

  variables {
    name = "plan.yml"
  }

  expect_failures = [var.name]
}

run "a_machine_that_codebuild_does_not_have_is_refused" {
  command = plan

  variables {
    size = "huge"
  }

  expect_failures = [var.size]
}

run "a_build_of_nine_hours_is_refused" {
  command = plan

  variables {
    timeout_minutes = 540
  }

  expect_failures = [var.timeout_minutes]
}

run "another_cloud_is_refused" {
  command = plan

  variables {
    environment = { CLOUD = "elsewhere" }
  }

  expect_failures = [var.environment]
}

run "a_build_without_its_source_is_refused" {
  command = plan

  variables {
    inputs = ["image"]
  }

  expect_failures = [var.inputs]
}

run "an_artifact_that_comes_and_goes_is_refused" {
  command = plan

  variables {
    outputs = ["source"]
  }

  expect_failures = [var.outputs]
}

run "an_action_with_a_wildcard_is_refused" {
  command = plan

  variables {
    statements = { Everything = { actions = ["s3:*"], resources = ["arn:aws:s3:::flights"] } }
  }

  expect_failures = [var.statements]
}

run "a_statement_of_the_modules_own_name_is_refused" {
  command = plan

  variables {
    statements = { Log = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::flights/key"] } }
  }

  expect_failures = [var.statements]
}
