data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  name         = "${var.project}-${var.environment}"
  boundary_arn = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:policy/${var.project}-boundary"
  artifacts    = { bucket = var.delivery.artifact_bucket, key_arn = var.delivery.artifact_key_arn }
}

module "training" {
  source = "../modules/training-workflow"
  count  = var.training == null ? 0 : 1

  name                    = local.name
  gate                    = try(var.training.gate, null)
  approval                = try(var.training.approval, null)
  jobs                    = try(var.training.jobs, null)
  artifacts               = local.artifacts
  image_repository_arn    = var.delivery.image_repository_arn
  model_package_group_arn = var.delivery.model_package_group_arn
  key_arn                 = aws_kms_key.this.arn
  boundary_arn            = local.boundary_arn
}

module "endpoint" {
  source = "../modules/model-endpoint"

  name                 = local.name
  release              = var.release
  mode                 = try(var.endpoint.mode, null)
  instances            = try(var.endpoint.instances, null)
  rollout              = try(var.endpoint.rollout, null)
  alarms               = try(var.endpoint.alarms, null)
  autoscaling          = try(var.endpoint.autoscaling, null)
  capture              = try(var.endpoint.capture, null)
  experiment           = try(var.endpoint.experiment, null)
  script_mode          = try(var.endpoint.script_mode, null)
  artifacts            = local.artifacts
  image_repository_arn = var.delivery.image_repository_arn
  key_arn              = aws_kms_key.this.arn
  boundary_arn         = local.boundary_arn
}

# Without a release there is nothing to transform with.
module "batch" {
  source = "../modules/batch-transform"
  count  = var.batch == null || var.release.current == null ? 0 : 1

  name                 = local.name
  release              = var.release.current
  instances            = try(var.batch.instances, null)
  strategy             = try(var.batch.strategy, null)
  max_payload_mb       = try(var.batch.max_payload_mb, null)
  max_concurrent       = try(var.batch.max_concurrent, null)
  join                 = try(var.batch.join, null)
  reads                = try(var.batch.reads, null)
  timeout_seconds      = try(var.batch.timeout_seconds, null)
  artifacts            = local.artifacts
  image_repository_arn = var.delivery.image_repository_arn
  key_arn              = aws_kms_key.this.arn
  boundary_arn         = local.boundary_arn
}

# Without a release there is nothing to ask.
module "api" {
  source = "../modules/inference-api"
  count  = var.api == null || var.release.current == null ? 0 : 1

  name          = local.name
  endpoint_name = module.endpoint.name
  release       = { version = var.release.current.version, model_package_arn = var.release.current.model_package_arn }
  package       = try(var.api.package, null)
  rollout       = try(var.api.rollout, null)
  alarms        = try(var.api.alarms, null)
  throttle      = try(var.api.throttle, null)
  jwt           = try(var.api.jwt, null)
  artifacts     = local.artifacts
  key_arn       = aws_kms_key.this.arn
  boundary_arn  = local.boundary_arn
}
