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
  description = "The training workflow of the one environment that trains: gate, approval and jobs, as the module training-workflow types and validates them; null elsewhere."
  type        = any
  default     = null
}

variable "batch" {
  description = "The batch transform of the environment, as the module batch-transform types and validates it; null: none."
  type        = any
  default     = null
}

variable "api" {
  description = "The HTTP API in front of the endpoint: package, throttle, rollout, alarms and jwt, as the module inference-api types and validates them; null: the endpoint is asked by its own name only."
  type        = any
  default     = null

  validation {
    condition     = var.api == null || try(var.endpoint.mode.asynchronous, null) == null
    error_message = "An API answers at once, and an asynchronous endpoint does not: leave api out, or choose mode = { real_time = {} } or { serverless = {} }."
  }
}
