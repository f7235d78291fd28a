locals {
  builds    = flatten([for stage in var.stages : [for action in stage.actions : action.build[*]]])
  workflows = distinct(flatten([for stage in var.stages : [for action in stage.actions : action.workflow[*].state_machine_arn]]))

  # Below <pipeline>/, of which CodePipeline keeps the first twenty characters.
  objects = "arn:aws:s3:::${var.artifacts.bucket}/${substr(var.name, 0, 20)}/*"

  statements = {
    Artifacts = {
      actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
      resources = [local.objects]
    }
    # CodePipeline itself asks these of its store.
    Store = {
      actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"]
      resources = ["arn:aws:s3:::${var.artifacts.bucket}"]
    }
    ArtifactKey = {
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [var.artifacts.key_arn]
    }
    Source = {
      actions   = ["codeconnections:UseConnection"]
      resources = [var.source_repository.connection_arn]
    }
    Builds = {
      actions   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"]
      resources = distinct([for build in local.builds : build.arn])
    }
    Workflows = {
      actions   = ["states:DescribeStateMachine", "states:StartExecution"]
      resources = local.workflows
    }
    Executions = {
      actions   = ["states:DescribeExecution", "states:StopExecution"]
      resources = [for arn in local.workflows : "${replace(arn, ":stateMachine:", ":execution:")}:*"]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-pipeline"
  description          = "What the pipeline ${var.name} may do."
  permissions_boundary = var.boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "codepipeline.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "run"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for sid, statement in local.statements : {
      Sid      = sid
      Effect   = "Allow"
      Action   = statement.actions
      Resource = statement.resources
    } if length(statement.resources) > 0]
  })
}
