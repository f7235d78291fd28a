mock_provider "aws" {
  source = "../../testing"
}

variables {
  name           = "flights-release-prod"
  execution_mode = "QUEUED"
  artifacts      = { bucket = "flights-pipelines", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  boundary_arn   = "arn:aws:iam::111111111111:policy/flights-boundary"

  source_repository = {
    name           = "example/flights"
    connection_arn = "arn:aws:codeconnections:us-east-1:111111111111:connection/one"
    branch         = "main"
    paths          = ["terraform/environments/prod/**", "terraform/modules/**"]
  }

  stages = [
    {
      name = "Plan"
      actions = {
        plan = { build = { project = "flights-plan", arn = "arn:aws:codebuild:us-east-1:111111111111:project/flights-plan", outputs = ["plan"], environment = { ENV = "prod" } } }
      }
    },
    {
      name    = "Approve"
      actions = { approve = { approval = { message = "#{plan.SUMMARY}", link = "#{plan.EVIDENCE}" } } }
    },
    {
      name = "Apply"
      actions = {
        apply = { build = { project = "flights-apply", arn = "arn:aws:codebuild:us-east-1:111111111111:project/flights-apply", inputs = ["source", "plan"], environment = { ENV = "prod", PLAN_SHA256 = "#{plan.PLAN_SHA256}" } } }
      }
    },
  ]
}

run "pushes_of_the_branch_and_its_paths_start_the_pipeline_and_nothing_else" {
  assert {
    condition = (
      one(one(one(aws_codepipeline.this.trigger).git_configuration).push).branches[0].includes == tolist(["main"])
      && one(one(one(aws_codepipeline.this.trigger).git_configuration).push).file_paths[0].includes == tolist(["terraform/environments/prod/**", "terraform/modules/**"])
    )
    error_message = "The trigger is a push of the branch, by paths."
  }

  assert {
    condition = one(aws_codepipeline.this.stage[0].action).configuration == tomap({
      ConnectionArn        = "arn:aws:codeconnections:us-east-1:111111111111:connection/one"
      FullRepositoryId     = "example/flights"
      BranchName           = "main"
      OutputArtifactFormat = "CODEBUILD_CLONE_REF"
      DetectChanges        = "false"
    })
    error_message = "The source is a full clone, and the action itself starts nothing."
  }

  assert {
    condition     = aws_codepipeline.this.pipeline_type == "V2" && aws_codepipeline.this.execution_mode == "QUEUED"
    error_message = "Pipelines of version 2 have triggers and modes."
  }
}

run "stages_follow_in_their_order" {
  assert {
    condition     = [for stage in aws_codepipeline.this.stage : stage.name] == ["Source", "Plan", "Approve", "Apply"]
    error_message = "The source comes first, then what was told."
  }

  assert {
    condition     = [for stage in aws_codepipeline.this.stage : [for action in stage.action : "${action.category} ${action.provider} ${action.name}"]] == [["Source CodeStarSourceConnection source"], ["Build CodeBuild plan"], ["Approval Manual approve"], ["Build CodeBuild apply"]]
    error_message = "Each kind of action has its provider."
  }
}

run "what_was_approved_reaches_the_apply" {
  assert {
    condition     = one(aws_codepipeline.this.stage[1].action).output_artifacts == tolist(["plan"]) && one(aws_codepipeline.this.stage[1].action).namespace == "plan"
    error_message = "The plan is an artifact, and its variables have the action's name."
  }

  assert {
    condition     = one(aws_codepipeline.this.stage[2].action).configuration == tomap({ CustomData = "#{plan.SUMMARY}", ExternalEntityLink = "#{plan.EVIDENCE}" })
    error_message = "Who approves sees the summary and the way to the evidence."
  }

  assert {
    condition = (
      one(aws_codepipeline.this.stage[3].action).input_artifacts == tolist(["source", "plan"])
      && one(aws_codepipeline.this.stage[3].action).configuration["PrimarySource"] == "source"
      && jsondecode(one(aws_codepipeline.this.stage[3].action).configuration["EnvironmentVariables"]) == [
        { name = "ENV", value = "prod", type = "PLAINTEXT" }, { name = "PLAN_SHA256", value = "#{plan.PLAN_SHA256}", type = "PLAINTEXT" },
      ]
    )
    error_message = "The apply has the source, the plan, and the plan's digest."
  }
}

run "the_role_starts_its_builds_and_moves_its_artifacts_no_more" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      Artifacts   = [["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], ["arn:aws:s3:::flights-pipelines/flights-release-prod/*"]]
      Store       = [["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"], ["arn:aws:s3:::flights-pipelines"]]
      ArtifactKey = [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:us-east-1:111111111111:key/artifacts"]]
      Source      = [["codeconnections:UseConnection"], ["arn:aws:codeconnections:us-east-1:111111111111:connection/one"]]
      Builds = [
        ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"],
        ["arn:aws:codebuild:us-east-1:111111111111:project/flights-plan", "arn:aws:codebuild:us-east-1:111111111111:project/flights-apply"],
      ]
    }
    error_message = "Every statement names its actions and resources; without a workflow there is none for it."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal == { Service = "codepipeline.amazonaws.com" } && aws_iam_role.this.permissions_boundary == var.boundary_arn
    error_message = "CodePipeline assumes the role, which carries the boundary."
  }
}

run "artifacts_are_encrypted_with_the_stores_key" {
  assert {
    condition     = one(one(aws_codepipeline.this.artifact_store).encryption_key).id == var.artifacts.key_arn
    error_message = "Not with a key of AWS's."
  }
}

run "a_long_name_is_cut_as_codepipeline_cuts_it" {
  variables {
    name = "flights-release-staging"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement[1].Resource == ["arn:aws:s3:::flights-pipelines/flights-release-stag/*"]
    error_message = "Twenty characters of it are in the objects' keys."
  }
}

run "a_workflow_is_started_with_the_file_of_an_artifact" {
  variables {
    stages = [{
      name = "Train"
      actions = {
        train    = { build = { project = "flights-train", arn = "arn:aws:codebuild:us-east-1:111111111111:project/flights-train", outputs = ["execution"] } }
        workflow = { order = 2, workflow = { state_machine_arn = "arn:aws:states:us-east-1:111111111111:stateMachine:flights-dev-training", artifact = "execution", file = "execution.json" } }
      }
    }]
  }

  assert {
    condition = aws_codepipeline.this.stage[1].action[1].configuration == tomap({
      StateMachineArn = "arn:aws:states:us-east-1:111111111111:stateMachine:flights-dev-training"
      InputType       = "FilePath"
      Input           = "execution.json"
    }) && aws_codepipeline.this.stage[1].action[1].input_artifacts == tolist(["execution"]) && aws_codepipeline.this.stage[1].action[1].run_order == 2
    error_message = "The state machine is given what the build before it left."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => statement.Resource if contains(["Workflows", "Executions"], statement.Sid) } == {
      Workflows  = ["arn:aws:states:us-east-1:111111111111:stateMachine:flights-dev-training"]
      Executions = ["arn:aws:states:us-east-1:111111111111:execution:flights-dev-training:*"]
    }
    error_message = "That state machine, and its executions."
  }
}

run "a_name_too_long_for_its_role_is_refused" {
  command = plan

  variables {
    name = "a-pipeline-whose-name-is-so-long-that-its-role-has-no-name"
  }

  expect_failures = [var.name]
}

run "executions_in_parallel_are_refused" {
  command = plan

  variables {
    execution_mode = "PARALLEL"
  }

  expect_failures = [var.execution_mode]
}

run "a_repository_without_an_owner_is_refused" {
  command = plan

  variables {
    source_repository = { name = "flights", connection_arn = "arn:aws:codeconnections:us-east-1:111111111111:connection/one", branch = "main", paths = ["src/**"] }
  }

  expect_failures = [var.source_repository]
}

run "more_paths_than_a_trigger_takes_are_refused" {
  command = plan

  variables {
    source_repository = { name = "example/flights", connection_arn = "arn:aws:codeconnections:us-east-1:111111111111:connection/one", branch = "main", paths = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] }
  }

  expect_failures = [var.source_repository]
}

run "a_stage_without_an_action_is_refused" {
  command = plan

  variables {
    stages = [{ name = "Plan", actions = {} }]
  }

  expect_failures = [var.stages]
}

run "a_stage_that_the_module_adds_itself_is_refused" {
  command = plan

  variables {
    stages = [{ name = "Source", actions = { approve = { approval = { message = "Go?", link = "https://example.com" } } } }]
  }

  expect_failures = [var.stages]
}

run "an_action_of_two_kinds_is_refused" {
  command = plan

  variables {
    stages = [{
      name = "Train"
      actions = { train = {
        approval = { message = "Go?", link = "https://example.com" }
        build    = { project = "flights-train", arn = "arn:aws:codebuild:us-east-1:111111111111:project/flights-train" }
      } }
    }]
  }

  expect_failures = [var.stages]
}

run "an_action_whose_name_is_taken_is_refused" {
  command = plan

  variables {
    stages = [
      { name = "Approve", actions = { approve = { approval = { message = "Go?", link = "https://example.com" } } } },
      { name = "Again", actions = { approve = { approval = { message = "Go?", link = "https://example.com" } } } },
    ]
  }

  expect_failures = [var.stages]
}

run "an_artifact_that_nobody_left_is_refused" {
  command = plan

  variables {
    stages = [{
      name = "Apply"
      actions = {
        apply = { build = { project = "flights-apply", arn = "arn:aws:codebuild:us-east-1:111111111111:project/flights-apply", inputs = ["source", "plan"] } }
        plan  = { build = { project = "flights-plan", arn = "arn:aws:codebuild:us-east-1:111111111111:project/flights-plan", outputs = ["plan"] } }
      }
    }]
  }

  expect_failures = [var.stages]
}
