locals {
  mode         = one([for mode, settings in var.mode : mode if settings != null])
  serverless   = var.mode.serverless
  asynchronous = var.mode.asynchronous

  # What each family runs, and in which sizes it serves: SageMaker's own lists.
  types     = jsondecode(file("${path.module}/../../instances.json"))
  instances = var.instances == null ? { type = "ml.m5.large", count = null, built_for = "x86_64" } : var.instances

  # Instances with disks of their own encrypt them by themselves, and SageMaker refuses a key for such; without instances
  # there is no disk of ours.
  own_disks  = can(regex("^ml[.](g[4-9]|p3dn|p[4-9]|trn|[cmr][0-9][a-z]*d)", local.instances.type))
  volume_key = local.own_disks || local.serverless != null ? null : var.key_arn

  # SageMaker starts a new fleet with the number that its configuration says, whatever runs by then, and Terraform can
  # neither look that up nor ask to retain it. With autoscaling a fleet therefore starts with the most that may run: no
  # rollout and no rollback ever scales in, a configuration that waits for its rollback stays right, and what autoscaling
  # does is no diff. The price is the surplus until autoscaling takes it away. Asynchronous requests wait for instances:
  # there a fleet starts with the fewest.
  start = (
    local.serverless != null ? try(var.autoscaling.max, 0)
    : var.autoscaling == null ? coalesce(local.instances.count, 1)
    : local.asynchronous != null ? max(1, var.autoscaling.min)
    : var.autoscaling.max
  )

  # What is provisioned is scaled like a fleet, and starts like one.
  provisioned = local.start > 0 ? local.start : try(local.serverless.provisioned_concurrency, null)

  fewest         = local.asynchronous == null ? 1 : 0
  answer_seconds = local.asynchronous == null ? 60 : 3600

  # A challenger has its share of the instances, and is not scaled: what it can do is what is measured.
  challenger = try(coalesce(try(var.experiment.ab.release, null), try(var.experiment.shadow.release, null)), null)
  share      = max(1, ceil(local.start * try(coalesce(try(var.experiment.ab.percent, null), try(var.experiment.shadow.percent, null)), 0) / 100))
  variants   = var.experiment == null ? {} : { for kind, settings in var.experiment : kind => settings.percent if settings != null }

  managed = try(regex("^(?P<account>[0-9]{12})[.]dkr[.]ecr[.](?P<region>[a-z0-9-]+)[.]amazonaws[.]com(?:[.]cn)?/(?P<repository>[^@]+)@", var.script_mode.image), null)

  grammar = {
    version           = "^[1-9][0-9]{0,8}$"
    model_data_url    = "^s3://[a-z0-9][a-z0-9.-]+/[^?*]+/model[.]tar[.]gz$"
    model_data_sha256 = "^[0-9a-f]{64}$"
    image             = "^[^@:\\s]+@sha256:[0-9a-f]{64}$"
    git_sha           = "^[0-9a-f]{40}$"
  }

  # What serving leaves in the artifact store.
  folder = "serving/${var.name}"
}
