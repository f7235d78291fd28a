data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  name = "${var.project}-${var.name}"
}

# Without a limit of concurrent builds: CodeBuild refuses what is above it instead of letting it wait, and the pipelines queue.
resource "aws_codebuild_project" "this" {
  #checkov:skip=CKV_AWS_316:Building an image takes a Docker daemon, which takes a privileged container; one project asks for it
  name           = local.name
  description    = var.description
  service_role   = aws_iam_role.this.arn
  encryption_key = var.artifacts.key_arn

  build_timeout  = var.timeout_minutes
  queued_timeout = 60

  source {
    type      = "CODEPIPELINE"
    buildspec = "buildspecs/${var.name}.yml"
  }

  artifacts {
    type = "CODEPIPELINE"
  }

  environment {
    type            = "LINUX_CONTAINER"
    compute_type    = "BUILD_GENERAL1_${upper(var.size)}"
    image           = "aws/codebuild/standard:7.0"
    privileged_mode = var.privileged

    dynamic "environment_variable" {
      for_each = merge({ CLOUD = "aws" }, var.environment)

      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }
  }

  # On the build host: a cache in S3 would let a build that may do little hand something to one that may do much.
  cache {
    type  = "LOCAL"
    modes = concat(["LOCAL_CUSTOM_CACHE"], var.privileged ? ["LOCAL_DOCKER_LAYER_CACHE"] : [])
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.this.name
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/codebuild/${local.name}"
  retention_in_days = 365
  kms_key_id        = var.key_arn
}

# CodeBuild would make a report's group by this name at its first build; made here, the build need not be allowed to.
resource "aws_codebuild_report_group" "this" {
  for_each = var.reports

  name           = "${local.name}-${each.key}"
  type           = "TEST"
  delete_reports = true

  export_config {
    type = "NO_EXPORT"
  }
}
