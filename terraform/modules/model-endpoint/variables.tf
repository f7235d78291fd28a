variable "name" {
  description = "Name of the endpoint, and the prefix of what serves it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "An endpoint's name has 2 to 40 lower-case letters, digits and dashes, which leaves room for a version and a hash; got ${var.name}."
  }
}

variable "release" {
  description = "What release.json says: the release that is current and the one that was, to which a rollback returns."
  nullable    = false

  type = map(object({
    version           = string
    model_package_arn = string
    model_data_url    = string
    model_data_sha256 = string
    image             = string
    git_sha           = string
    metrics           = map(number)
  }))

  validation {
    condition     = join(",", sort(keys(var.release))) == "current,previous"
    error_message = "A release file has exactly the members current and previous, release a release or null; got ${join(", ", keys(var.release))}."
  }

  validation {
    condition     = try(var.release.current != null || var.release.previous == null, true)
    error_message = "A release file has a previous release only beside a current one; swap the two to roll back."
  }

  validation {
    condition     = try(var.release.current.version != var.release.previous.version, true)
    error_message = "The current and the previous release are two; both are version ${try(var.release.current.version, "")}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^[1-9][0-9]{0,8}$", release.version)) if release != null])
    error_message = "A release's version is the number of its model package, as a string; got ${join(", ", [for release in var.release : release.version if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/[a-zA-Z0-9-]+/${release.version}$", release.model_package_arn)) if release != null])
    error_message = "A release's model_package_arn is arn:aws:sagemaker:<region>:<account>:model-package/<group>/<the release's version>; got ${join(", ", [for release in var.release : release.model_package_arn if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^s3://[a-z0-9][a-z0-9.-]+/[^?*]+/model[.]tar[.]gz$", release.model_data_url)) if release != null])
    error_message = "A release's model_data_url is s3://<bucket>/<key>/model.tar.gz; got ${join(", ", [for release in var.release : release.model_data_url if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^[0-9a-f]{64}$", release.model_data_sha256)) if release != null])
    error_message = "A release's model_data_sha256 has 64 hexadecimal digits; got ${join(", ", [for release in var.release : release.model_data_sha256 if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^[^@:\\s]+@sha256:[0-9a-f]{64}$", release.image)) if release != null])
    error_message = "A release names its image by digest, <repository>@sha256:<64 hexadecimal digits>, because a tag can move; got ${join(", ", [for release in var.release : release.image if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^[0-9a-f]{40}$", release.git_sha)) if release != null])
    error_message = "A release's git_sha is a whole commit, 40 hexadecimal digits; got ${join(", ", [for release in var.release : release.git_sha if release != null])}."
  }
}

variable "rollout" {
  description = "How a release comes into service: exactly one strategy. Baking is watching the alarms before the next step; percentages are of the fleet."
  default     = { all_at_once = {} }
  nullable    = false

  type = object({
    all_at_once = optional(object({ bake_seconds = optional(number, 0) }))
    canary      = optional(object({ percent = number, bake_seconds = number }))
    linear      = optional(object({ step_percent = number, bake_seconds = number }))
    rolling     = optional(object({ batch_percent = number, bake_seconds = number }))
  })

  validation {
    condition     = length([for strategy in var.rollout : strategy if strategy != null]) == 1
    error_message = "A rollout has exactly one strategy, all_at_once, canary, linear or rolling; got [${join(", ", [for name, strategy in var.rollout : name if strategy != null])}]."
  }

  validation {
    condition     = alltrue([for strategy in var.rollout : strategy.bake_seconds >= 0 && strategy.bake_seconds <= 3600 && floor(strategy.bake_seconds) == strategy.bake_seconds if strategy != null])
    error_message = "SageMaker bakes for 0 to 3600 whole seconds; got ${join(", ", [for strategy in var.rollout : strategy.bake_seconds if strategy != null])}."
  }

  validation {
    condition     = try(var.rollout.canary.percent >= 1 && var.rollout.canary.percent <= 50 && floor(var.rollout.canary.percent) == var.rollout.canary.percent, true)
    error_message = "A canary is 1 to 50 % of the fleet, a whole number; got ${try(var.rollout.canary.percent, 0)}."
  }

  validation {
    condition     = try(var.rollout.linear.step_percent >= 10 && var.rollout.linear.step_percent <= 50 && floor(var.rollout.linear.step_percent) == var.rollout.linear.step_percent, true)
    error_message = "A linear step is 10 to 50 % of the fleet, a whole number; got ${try(var.rollout.linear.step_percent, 0)}."
  }

  validation {
    condition     = try(var.rollout.rolling.batch_percent >= 5 && var.rollout.rolling.batch_percent <= 50 && floor(var.rollout.rolling.batch_percent) == var.rollout.rolling.batch_percent, true)
    error_message = "A rolling batch is 5 to 50 % of the fleet, a whole number; got ${try(var.rollout.rolling.batch_percent, 0)}."
  }

  validation {
    condition     = var.mode.serverless == null || var.rollout.all_at_once != null
    error_message = "A serverless endpoint has no instances to shift traffic between: roll out all_at_once, or choose another mode; got ${join(", ", [for name, strategy in var.rollout : name if strategy != null])}."
  }

  validation {
    # A share of no instance would shift nothing, and report success.
    condition     = var.mode.serverless != null || try(local.start * coalesce(try(var.rollout.canary.percent, null), try(var.rollout.linear.step_percent, null), try(var.rollout.rolling.batch_percent, null)) >= 100, true)
    error_message = "A step of a rollout moves at least one instance, and ${try(var.rollout.canary.percent, var.rollout.linear.step_percent, var.rollout.rolling.batch_percent, 100)} % of ${local.start} is less: take a larger share, more instances, or all_at_once."
  }

  validation {
    # The provider waits an hour for an endpoint, of which instances may take twenty minutes to start.
    condition = try(
      3 * var.rollout.canary.bake_seconds,
      (ceil(100 / var.rollout.linear.step_percent) + 1) * var.rollout.linear.bake_seconds,
      ceil(100 / var.rollout.rolling.batch_percent) * var.rollout.rolling.bake_seconds,
      var.rollout.all_at_once.bake_seconds,
      0,
    ) <= 2400
    error_message = "All that a rollout may bake (after the last shift perhaps twice) takes 2400 seconds at most, since Terraform waits an hour for an endpoint: bake shorter, or in larger steps."
  }

  validation {
    condition     = var.alarms != null || try(var.rollout.all_at_once.bake_seconds == 0, false)
    error_message = "Baking without alarms only waits: set alarms, or roll out all_at_once with bake_seconds = 0."
  }

  validation {
    condition     = try(alltrue([for strategy in var.rollout : strategy.bake_seconds >= var.alarms.period_seconds * var.alarms.periods if strategy != null]), true)
    error_message = "An alarm needs ${try(var.alarms.period_seconds * var.alarms.periods, 0)} seconds to ring, its period times its periods: bake for that long at least."
  }
}

variable "alarms" {
  description = "What rolls a rollout back, judged in each period, so many in a row: failed requests, slow ones, unlikely scores (PSI; not in script mode). Silence is breaching, unless missing_data says notBreaching."
  default     = null

  type = object({
    error_rate_percent = number
    p99_latency_ms     = number
    quality_psi        = optional(number)
    period_seconds     = optional(number, 60)
    periods            = optional(number, 2)
    missing_data       = optional(string, "breaching")
  })

  validation {
    condition     = try(var.alarms.error_rate_percent > 0 && var.alarms.error_rate_percent < 100, true)
    error_message = "The error rate that alarms lies between 0 and 100 %; got ${try(var.alarms.error_rate_percent, 0)}."
  }

  validation {
    condition     = try(var.alarms.p99_latency_ms > 0 && var.alarms.p99_latency_ms < local.answer_seconds * 1000, true)
    error_message = "The latency that alarms lies between 0 and ${local.answer_seconds * 1000} ms, after which SageMaker gives a request up; got ${try(var.alarms.p99_latency_ms, 0)}."
  }

  validation {
    condition     = var.alarms == null || var.mode.serverless == null
    error_message = "Alarms roll a rollout back, which SageMaker does not do for a serverless endpoint: leave alarms out, or choose mode = { real_time = {} }."
  }

  validation {
    condition     = var.script_mode != null || try(coalesce(var.alarms.quality_psi, 0) > 0, true)
    error_message = "The population stability index that alarms is more than 0; benchmarks/quality measures what suits a model; got ${try(coalesce(var.alarms.quality_psi, 0), 0)}."
  }

  validation {
    condition     = var.script_mode == null || try(var.alarms.quality_psi, null) == null
    error_message = "A managed image does not say how likely its predictions are, and silence would roll back: leave alarms.quality_psi out in script mode; got ${try(coalesce(var.alarms.quality_psi, 0), 0)}."
  }

  validation {
    condition     = try(var.alarms.period_seconds >= 60 && var.alarms.period_seconds % 60 == 0, true)
    error_message = "SageMaker's metrics come by the minute: period_seconds is a multiple of 60; got ${try(var.alarms.period_seconds, 0)}."
  }

  validation {
    condition     = try(var.alarms.periods >= 1 && floor(var.alarms.periods) == var.alarms.periods, true)
    error_message = "An alarm rings after one whole period or more; got ${try(var.alarms.periods, 0)}."
  }

  validation {
    condition     = try(contains(["breaching", "notBreaching"], var.alarms.missing_data), true)
    error_message = "Missing data is breaching (silence rolls back) or notBreaching (silence is no verdict); got ${try(var.alarms.missing_data, "null")}."
  }
}

variable "artifacts" {
  description = "The artifact store that holds the models: its bucket, and the ARN of its key."
  type        = object({ bucket = string, key_arn = string })
  nullable    = false
}

variable "image_repository_arn" {
  description = "ARN of the repository that holds the images."
  type        = string
  nullable    = false
}

variable "key_arn" {
  description = "ARN of the environment's key, which encrypts volumes and logs."
  type        = string
  nullable    = false
}

variable "boundary_arn" {
  description = "ARN of the permissions boundary that the project's roles carry."
  type        = string
  nullable    = false
}
