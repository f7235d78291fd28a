data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id

  # What CodePipeline calls each kind of action, and how it is told what to do. An action has one kind: validation sees to that.
  stages = [for stage in var.stages : {
    name = stage.name
    actions = [for name, action in stage.actions : merge({ name = name, order = action.order }, concat(
      [for build in action.build[*] : {
        category  = "Build"
        provider  = "CodeBuild"
        namespace = name
        inputs    = build.inputs
        outputs   = build.outputs
        configuration = { for key, value in {
          ProjectName          = build.project
          PrimarySource        = length(build.inputs) > 1 ? build.inputs[0] : null
          EnvironmentVariables = length(build.environment) > 0 ? jsonencode(local.variables[name]) : null
        } : key => value if value != null }
      }],
      [for workflow in action.workflow[*] : {
        category  = "Invoke"
        provider  = "StepFunctions"
        namespace = name
        inputs    = [workflow.artifact]
        outputs   = []
        configuration = {
          StateMachineArn = workflow.state_machine_arn
          InputType       = "FilePath"
          Input           = workflow.file
        }
      }],
      [for approval in action.approval[*] : {
        category  = "Approval"
        provider  = "Manual"
        namespace = null
        inputs    = []
        outputs   = []
        configuration = {
          CustomData         = approval.message
          ExternalEntityLink = approval.link
        }
      }],
    )[0])]
  }]

  variables = merge([for stage in var.stages : { for name, action in stage.actions : name => [
    for variable, value in try(action.build.environment, {}) : { name = variable, value = value, type = "PLAINTEXT" }
  ] }]...)
}

resource "aws_codepipeline" "this" {
  name           = var.name
  role_arn       = aws_iam_role.this.arn
  pipeline_type  = "V2"
  execution_mode = var.execution_mode

  artifact_store {
    type     = "S3"
    location = var.artifacts.bucket

    encryption_key {
      type = "KMS"
      id   = var.artifacts.key_arn
    }
  }

  trigger {
    provider_type = "CodeStarSourceConnection"

    git_configuration {
      source_action_name = "source"

      push {
        branches {
          includes = [var.source_repository.branch]
        }

        file_paths {
          includes = sort(var.source_repository.paths)
        }
      }
    }
  }

  stage {
    name = "Source"

    action {
      name             = "source"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeStarSourceConnection"
      version          = "1"
      namespace        = "source"
      output_artifacts = ["source"]

      # A full clone, whose history the builds read. Only the trigger starts the pipeline: any push would otherwise.
      configuration = {
        ConnectionArn        = var.source_repository.connection_arn
        FullRepositoryId     = var.source_repository.name
        BranchName           = var.source_repository.branch
        OutputArtifactFormat = "CODEBUILD_CLONE_REF"
        DetectChanges        = "false"
      }
    }
  }

  dynamic "stage" {
    for_each = local.stages

    content {
      name = stage.value.name

      dynamic "action" {
        for_each = stage.value.actions

        content {
          name             = action.value.name
          run_order        = action.value.order
          category         = action.value.category
          owner            = "AWS"
          provider         = action.value.provider
          version          = "1"
          namespace        = action.value.namespace
          input_artifacts  = action.value.inputs
          output_artifacts = action.value.outputs
          configuration    = action.value.configuration
        }
      }
    }
  }

  # It starts as soon as it is made, with what its role may do.
  depends_on = [aws_iam_role_policy.this]
}
