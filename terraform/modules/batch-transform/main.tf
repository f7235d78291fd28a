data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  # A job's name has 63 characters: 32 for the run, 8 for the step and its attempt, 22 for what is left of the prefix.
  job_prefix = trimsuffix(substr(var.name, 0, 22), "-")

  # What each family runs, and in which sizes it transforms: SageMaker's own lists.
  types = jsondecode(file("${path.module}/../../instances.json"))

  container = {
    image          = var.release.image
    model_data_url = var.release.model_data_url
    environment = {
      FAIRWAY_RELEASE     = var.release.version
      FAIRWAY_GIT_SHA     = var.release.git_sha
      FAIRWAY_IMAGE       = var.release.image
      FAIRWAY_MAX_BODY_MB = tostring(var.max_payload_mb)
    }
  }

  # Instances with disks of their own encrypt them by themselves, and SageMaker refuses a key for such.
  resources = merge(
    { InstanceCount = var.instances.count, InstanceType = var.instances.type },
    can(regex("^ml[.](g[4-9]|p3dn|p[4-9]|trn|[cmr][0-9][a-z]*d)", var.instances.type)) ? {} : { VolumeKmsKeyId = var.key_arn },
  )

  folder = "serving/${var.name}/batch"

  # Beyond its running time a job waits for its instances.
  starting_seconds = 1800
}

# Its own, beside the endpoint's: what transforms whole data sets reads and writes more than what answers requests.
resource "aws_sagemaker_model" "this" {
  #checkov:skip=CKV_AWS_370:Isolation takes the container's network and AWS credentials away; the local AWS cannot isolate yet, and what is rehearsed there is what runs here
  name               = "${var.name}-batch-${var.release.version}-${substr(sha256(jsonencode(local.container)), 0, 8)}"
  execution_role_arn = aws_iam_role.job.arn

  primary_container {
    image          = local.container.image
    model_data_url = local.container.model_data_url
    environment    = local.container.environment
  }

  lifecycle {
    # A run that has not created its job yet finds the model that it was told.
    create_before_destroy = true
  }

  # SageMaker looks at the model with the role's permissions as soon as it is named.
  depends_on = [aws_iam_role_policy.job]
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_284:The log holds every step with its data; the job, where the time goes, sends no traces
  name     = "${var.name}-batch"
  role_arn = aws_iam_role.workflow.arn

  definition = templatefile("${path.module}/../../../pipelines/batch.asl.json", {
    job_prefix           = local.job_prefix
    model_name           = aws_sagemaker_model.this.name
    output               = "s3://${var.artifacts.bucket}/${local.folder}"
    artifact_key_arn     = var.artifacts.key_arn
    resources            = jsonencode(local.resources)
    strategy             = { multi = "MultiRecord", single = "SingleRecord" }[var.strategy]
    max_payload_mb       = var.max_payload_mb
    max_concurrent       = coalesce(var.max_concurrent, 0)
    join                 = { input = "Input", none = "None" }[var.join]
    task_timeout_seconds = var.timeout_seconds + local.starting_seconds
  })

  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  # Step Functions tries the log destination with the role's permissions.
  depends_on = [aws_iam_role_policy.workflow]
}

# Under /aws/vendedlogs the log group's resource policy does not grow with each state machine.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/states/${var.name}-batch"
  retention_in_days = 365
  kms_key_id        = var.key_arn
}
