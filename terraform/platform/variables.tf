variable "project" {
  description = "Name of the project, as project.json has it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.project))
    error_message = "A project's name has 2 to 20 lower-case letters, digits and dashes, and starts with a letter; got ${var.project}."
  }
}

variable "environment" {
  description = "Name of the environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "An environment's name has 2 to 12 lower-case letters and digits; got ${var.environment}."
  }
}

variable "delivery" {
  description = "What the project's environments share: the outputs of the root delivery."
  nullable    = false

  type = object({
    artifact_bucket         = string
    artifact_key_arn        = string
    image_repository_arn    = string
    model_package_group_arn = string
  })
}

variable "release" {
  description = "What release.json says; the module model-endpoint types and validates it."
  type        = any
  nullable    = false
}

variable "endpoint" {
  description = "How the environment serves: mode, instances, rollout, alarms, autoscaling, capture, an experiment and script mode, as the module model-endpoint types and validates them."
  type        = any
  default     = {}
  nullable    = false
}

variable "training" {
  description = "The training workflow of the one environment that trains, as the module training-workflow types and validates it; null elsewhere."
  default     = null

  type = object({
    approval = string
    gate = object({
      thresholds = map(object({ min = optional(number), max = optional(number) }))
      champion   = object({ metric = string, goal = string, tolerance = optional(number) })
    })
    jobs = optional(map(object({
      instance_count   = optional(number)
      sharded_prefix   = optional(string)
      instance_type    = optional(string)
      volume_gigabytes = optional(number)
      timeout_seconds  = optional(number)
      spot             = optional(object({ waiting_seconds = optional(number) }))
      tuning           = optional(object({ max_jobs = number, max_parallel_jobs = optional(number), seed = number }))
    })))
  })

  validation {
    condition     = try(var.training.jobs.processing.spot, null) == null && try(var.training.jobs.processing.tuning, null) == null && try(var.training.jobs.training.sharded_prefix, null) == null
    error_message = "Only the training job has spot and tuning, and only the processing job sharded_prefix: move the one that is elsewhere."
  }

  validation {
    condition     = alltrue([for job in try(keys(var.training.jobs), []) : contains(["processing", "training"], job)])
    error_message = "The workflow has the jobs processing and training; got ${join(", ", try(keys(var.training.jobs), []))}."
  }
}

variable "batch" {
  description = "The batch transform of the environment, as the module batch-transform types and validates it; null: none."
  type        = any
  default     = null
}

variable "api" {
  description = "The HTTP API in front of the endpoint, as the module inference-api types and validates it; null: the endpoint is asked by its own name only."
  default     = null

  type = object({
    package  = string
    throttle = object({ requests_per_second = number, burst = number })

    rollout = object({
      all_at_once = optional(object({}))
      canary      = optional(object({ percent = number, bake_minutes = number }))
      linear      = optional(object({ step_percent = number, interval_minutes = number }))
    })

    alarms = optional(object({ error_rate_percent = number, p99_latency_ms = number }))
    jwt    = optional(object({ issuer = string, audience = list(string), scopes = optional(list(string)) }))
  })

  validation {
    condition     = var.api == null || try(var.endpoint.mode.asynchronous, null) == null
    error_message = "An API answers at once, and an asynchronous endpoint does not: leave api out, or choose mode = { real_time = {} } or { serverless = {} }."
  }
}
