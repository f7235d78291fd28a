data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  # A job's name has 63 characters: 32 for the run, 8 for the step and its attempt, 22 for what is left of the prefix.
  job_prefix = trimsuffix(substr(var.name, 0, 22), "-")

  # A tuning job's name has 32 characters: 17 for the run's hash and a dash, 2 for the attempt, 13 for what is left of the
  # prefix. Its training jobs are named after it.
  tuning_prefix = length(var.name) <= 13 ? var.name : "${trimsuffix(substr(var.name, 0, 6), "-")}-${substr(sha256(var.name), 0, 6)}"

  # Without a search its state is never reached.
  tuning = coalesce(var.jobs.training.tuning, { max_jobs = 0, max_parallel_jobs = 1, seed = 0 })

  # Its trainings come one after another, so many at a time; SageMaker ends a search after thirty days.
  tuning_seconds = min(2592000, ceil(local.tuning.max_jobs / local.tuning.max_parallel_jobs) * (local.training_seconds + local.starting_seconds))

  # Instances with disks of their own encrypt them by themselves, and SageMaker refuses a key for such.
  clusters = { for step, job in var.jobs : step => merge(
    { InstanceCount = job.instance_count, InstanceType = job.instance_type, VolumeSizeInGB = job.volume_gigabytes },
    can(regex("^ml[.](g[4-9]|p3dn|p[4-9]|trn|[cmr][0-9][a-z]*d)", job.instance_type)) ? {} : { VolumeKmsKeyId = var.key_arn },
  ) }

  # Several instances prepare; what joins their shares and what evaluates is one.
  alone = merge(local.clusters.processing, { InstanceCount = 1 })

  gate = merge(var.gate, {
    thresholds = { for metric, bounds in var.gate.thresholds : metric => { for bound, value in bounds : bound => value if value != null } }
  })

  training_condition = merge(
    { MaxRuntimeInSeconds = var.jobs.training.timeout_seconds },
    var.jobs.training.spot == null ? {} : { MaxWaitTimeInSeconds = local.training_seconds },
  )

  # With all that it waits for spot instances.
  training_seconds = var.jobs.training.timeout_seconds + try(var.jobs.training.spot.waiting_seconds, 0)

  # Beyond its running time a job waits for its instances; SageMaker stops it first, and says so.
  starting_seconds = 1800
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_284:The log holds every step with its data; the jobs, where the time goes, send no traces
  name     = "${var.name}-training"
  role_arn = aws_iam_role.workflow.arn

  definition = templatefile("${path.module}/../../../pipelines/training.asl.json", {
    job_prefix                      = local.job_prefix
    bucket                          = var.artifacts.bucket
    artifact_key_arn                = var.artifacts.key_arn
    processing_role_arn             = aws_iam_role.processing.arn
    processing_cluster              = jsonencode(local.alone)
    processing_instances            = var.jobs.processing.instance_count
    prepare_cluster                 = jsonencode(local.clusters.processing)
    sharded_prefix                  = coalesce(var.jobs.processing.sharded_prefix, "none/")
    processing_timeout_seconds      = var.jobs.processing.timeout_seconds
    processing_task_timeout_seconds = var.jobs.processing.timeout_seconds + local.starting_seconds
    training_role_arn               = aws_iam_role.training.arn
    training_cluster                = jsonencode(local.clusters.training)
    training_spot                   = var.jobs.training.spot != null
    training_stopping_condition     = jsonencode(local.training_condition)
    training_task_timeout_seconds   = local.training_seconds + local.starting_seconds
    training_distribution           = var.jobs.training.instance_count > 1 ? "ShardedByS3Key" : "FullyReplicated"
    tuning_prefix                   = local.tuning_prefix
    tuning_jobs                     = local.tuning.max_jobs
    tuning_parallel_jobs            = local.tuning.max_parallel_jobs
    tuning_seed                     = local.tuning.seed
    tuning_task_timeout_seconds     = max(1, local.tuning_seconds)
    gate                            = jsonencode(jsonencode(local.gate))
    model_package_group_arn         = var.model_package_group_arn
    approval_status                 = { automatic = "Approved", manual = "PendingManualApproval" }[var.approval]
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
  name              = "/aws/vendedlogs/states/${var.name}-training"
  retention_in_days = 365
  kms_key_id        = var.key_arn
}
