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
  description = "How the environment serves: its instances, as the module model-endpoint types and validates them."
  type        = object({ instances = optional(object({ type = optional(string), count = optional(number) })) })
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
      instance_type    = optional(string)
      volume_gigabytes = optional(number)
      timeout_seconds  = optional(number)
    })))
  })

  validation {
    condition     = alltrue([for job in try(keys(var.training.jobs), []) : contains(["processing", "training"], job)])
    error_message = "The workflow has the jobs processing and training; got ${join(", ", try(keys(var.training.jobs), []))}."
  }
}
