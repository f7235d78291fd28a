locals {
  bucket = "arn:aws:s3:::${var.artifacts.bucket}"

  # Below <pipeline>/<artifact>/, of which CodePipeline keeps the first ten characters.
  inputs  = [for artifact in sort(var.inputs) : "${local.bucket}/*/${substr(artifact, 0, 10)}/*"]
  outputs = [for artifact in sort(var.outputs) : "${local.bucket}/*/${substr(artifact, 0, 10)}/*"]

  own_statements = {
    Log = {
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
    }
    Reports = {
      actions   = ["codebuild:BatchPutTestCases", "codebuild:CreateReport", "codebuild:UpdateReport"]
      resources = [for group in aws_codebuild_report_group.this : group.arn]
    }
    Inputs = {
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = local.inputs
    }
    Outputs = {
      actions   = ["s3:PutObject"]
      resources = local.outputs
    }
    # CodeBuild itself asks whose the bucket is before it uploads.
    Owner = {
      actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation"]
      resources = length(local.outputs) == 0 ? [] : [local.bucket]
    }
    ArtifactKey = {
      actions   = concat(["kms:Decrypt"], length(local.outputs) == 0 ? [] : ["kms:GenerateDataKey"])
      resources = [var.artifacts.key_arn]
    }
    # The source comes as a clone with its history.
    Clone = {
      actions   = ["codeconnections:UseConnection"]
      resources = [var.connection_arn]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = "${var.project}-build-${var.name}"
  description          = "What the builds of ${local.name} may do."
  permissions_boundary = var.boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "codebuild.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "build"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for sid, statement in local.own_statements : {
        Sid      = sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      } if length(statement.resources) > 0],
      [for sid, statement in var.statements : merge(
        { Sid = sid, Effect = "Allow", Action = sort(statement.actions), Resource = sort(statement.resources) },
        statement.condition == null ? {} : { Condition = statement.condition },
      )],
    )
  })
}
