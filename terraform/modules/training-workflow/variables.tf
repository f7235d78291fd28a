variable "name" {
  description = "Prefix of what the workflow is made of; the state machine is <name>-training."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "A workflow's name has 2 to 40 lower-case letters, digits and dashes; got ${var.name}."
  }
}

variable "gate" {
  description = "What a candidate must reach: bounds by metric, and how far below the champion's metric it may stay."
  nullable    = false

  type = object({
    thresholds = map(object({ min = optional(number), max = optional(number) }))
    champion = object({
      metric    = string
      goal      = string
      tolerance = optional(number, 0)
    })
  })

  validation {
    condition     = alltrue([for bounds in var.gate.thresholds : bounds.min != null || bounds.max != null])
    error_message = "A threshold has a min, a max or both; none for ${join(", ", [for metric, bounds in var.gate.thresholds : metric if bounds.min == null && bounds.max == null])}."
  }

  validation {
    condition     = alltrue([for bounds in var.gate.thresholds : try(bounds.min <= bounds.max, true)])
    error_message = "A threshold's min lies below its max; not so for ${join(", ", [for metric, bounds in var.gate.thresholds : metric if try(bounds.min > bounds.max, false)])}."
  }

  validation {
    condition     = contains(["maximize", "minimize"], var.gate.champion.goal)
    error_message = "The goal of the champion's metric is maximize or minimize; got ${var.gate.champion.goal}."
  }

  validation {
    condition     = var.gate.champion.tolerance >= 0
    error_message = "The tolerance is how much worse than the champion still passes, zero or more; got ${var.gate.champion.tolerance}."
  }

  validation {
    # No more fits into an environment variable of a processing job; absent bounds are not written.
    condition     = length(jsonencode(merge(var.gate, { thresholds = { for metric, bounds in var.gate.thresholds : metric => { for bound, value in bounds : bound => value if value != null } } }))) <= 256
    error_message = "A gate has at most 256 characters as JSON, as an environment variable of a processing job; this one has more: set fewer thresholds."
  }
}

variable "approval" {
  description = "Whether a model that passed the gate is approved by that (automatic) or waits for a person (manual)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["automatic", "manual"], var.approval)
    error_message = "Approval is automatic or manual; got ${var.approval}."
  }
}

variable "jobs" {
  description = "What the processing jobs (prepare, evaluate) and the training job run on, and for how long at most."
  default     = {}
  nullable    = false

  type = object({
    processing = optional(object({
      instance_count   = optional(number, 1)
      sharded_prefix   = optional(string)
      instance_type    = optional(string, "ml.m5.large")
      volume_gigabytes = optional(number, 30)
      timeout_seconds  = optional(number, 3600)
    }), {})
    training = optional(object({
      instance_type    = optional(string, "ml.m5.large")
      instance_count   = optional(number, 1)
      volume_gigabytes = optional(number, 30)
      timeout_seconds  = optional(number, 3600)
      spot             = optional(object({ waiting_seconds = optional(number, 3600) }))
      tuning           = optional(object({ max_jobs = number, max_parallel_jobs = optional(number, 1), seed = number }))
    }), {})
  })

  validation {
    condition     = var.jobs.training.instance_count >= 1 && var.jobs.training.instance_count <= 20 && floor(var.jobs.training.instance_count) == var.jobs.training.instance_count
    error_message = "The training job has 1 to 20 instances, each with its shard of the data; got ${var.jobs.training.instance_count}."
  }

  validation {
    condition     = try(var.jobs.training.spot.waiting_seconds >= 0 && var.jobs.training.spot.waiting_seconds <= 432000, true)
    error_message = "A training job waits 0 to 432000 seconds (five days) for spot instances beyond its own time; got ${try(var.jobs.training.spot.waiting_seconds, 0)}."
  }

  validation {
    condition     = try(var.jobs.training.tuning.max_jobs >= 1 && var.jobs.training.tuning.max_jobs <= 10000 && floor(var.jobs.training.tuning.max_jobs) == var.jobs.training.tuning.max_jobs, var.jobs.training.tuning == null)
    error_message = "A search trains 1 to 10000 times, and up to 750 until AWS raises the account's quota; got max_jobs = ${try(var.jobs.training.tuning.max_jobs, 0)}."
  }

  validation {
    condition     = try(var.jobs.training.tuning.max_parallel_jobs >= 1 && var.jobs.training.tuning.max_parallel_jobs <= min(100, var.jobs.training.tuning.max_jobs) && floor(var.jobs.training.tuning.max_parallel_jobs) == var.jobs.training.tuning.max_parallel_jobs, var.jobs.training.tuning == null)
    error_message = "Of a search's trainings 1 to 100 run at a time, no more than there are, and up to 10 until AWS raises the account's quota; got max_parallel_jobs = ${try(var.jobs.training.tuning.max_parallel_jobs, 0)} of ${try(var.jobs.training.tuning.max_jobs, 0)}."
  }

  validation {
    condition     = try(var.jobs.training.tuning.seed >= 0 && var.jobs.training.tuning.seed <= 2147483647 && floor(var.jobs.training.tuning.seed) == var.jobs.training.tuning.seed, var.jobs.training.tuning == null)
    error_message = "A search's seed is a whole number from 0 to 2147483647; got ${try(var.jobs.training.tuning.seed, 0)}."
  }

  validation {
    condition     = alltrue([for job in var.jobs : can(regex("^ml[.][a-z0-9-]+[.][a-z0-9]+$", job.instance_type))])
    error_message = "An instance type is ml.<family>.<size>, such as ml.m5.large; got ${join(", ", [for job in var.jobs : job.instance_type])}."
  }

  validation {
    condition     = alltrue([for job in var.jobs : job.volume_gigabytes >= 1 && job.volume_gigabytes <= 16384])
    error_message = "A job's volume has 1 to 16384 gigabytes; got ${join(", ", [for job in var.jobs : job.volume_gigabytes])}."
  }

  validation {
    condition     = alltrue([for job in var.jobs : job.timeout_seconds >= 1 && job.timeout_seconds <= 432000])
    error_message = "A job is given 1 to 432000 seconds (five days); got ${join(", ", [for job in var.jobs : job.timeout_seconds])}."
  }

  validation {
    condition     = var.jobs.processing.instance_count >= 1 && var.jobs.processing.instance_count <= 100 && floor(var.jobs.processing.instance_count) == var.jobs.processing.instance_count
    error_message = "From 1 to 100 instances prepare; got ${var.jobs.processing.instance_count}."
  }

  validation {
    condition     = var.jobs.processing.instance_count == 1 || can(regex("^[^/]+/$", var.jobs.processing.sharded_prefix))
    error_message = "Several instances share the files of one folder of the raw data, and each has all of the others: sharded_prefix names it, such as flights/; got ${coalesce(var.jobs.processing.sharded_prefix, "none")}."
  }
}

variable "artifacts" {
  description = "The artifact store that holds raw data and runs: its bucket, and the ARN of its key."
  type        = object({ bucket = string, key_arn = string })
  nullable    = false
}

variable "image_repository_arn" {
  description = "ARN of the repository that holds the images."
  type        = string
  nullable    = false
}

variable "model_package_group_arn" {
  description = "ARN of the model package group that models are registered in."
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
