variable "name" {
  description = "Prefix of what the workflow is made of; the state machine is <name>-batch."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "A workflow's name has 2 to 40 lower-case letters, digits and dashes; got ${var.name}."
  }
}

variable "release" {
  description = "The release that transforms: the current one of release.json, which the module model-endpoint validates."
  type        = object({ version = string, model_data_url = string, image = string, git_sha = string })
  nullable    = false
}

variable "instances" {
  description = "What a job runs on, and on how many: its files are shared out among them. It must be what the image is built for: x86_64, gpu or neuron."
  default     = {}
  nullable    = false

  type = object({
    type      = optional(string, "ml.m5.large")
    count     = optional(number, 1)
    built_for = optional(string, "x86_64")
  })

  validation {
    condition     = try(contains(local.types.transforms[split(".", var.instances.type)[1]], split(".", var.instances.type)[2]) && startswith(var.instances.type, "ml."), false)
    error_message = "A transform job runs on ml.<family>.<size> with a family of ${join(", ", keys(local.types.transforms))}, in its sizes ${try(join(", ", local.types.transforms[split(".", var.instances.type)[1]]), "(none of that family)")}; got ${var.instances.type}."
  }

  validation {
    condition     = try(contains(local.types.runs[var.instances.built_for], split(".", var.instances.type)[1]), false)
    error_message = "The type ${var.instances.type} does not run an image that is built for ${var.instances.built_for}: take a family of ${join(", ", setintersection(try(local.types.runs[var.instances.built_for], ["none"]), concat(["none"], keys(local.types.transforms))))}, or say in instances.built_for what the image is built for."
  }

  validation {
    condition     = var.instances.count >= 1 && floor(var.instances.count) == var.instances.count
    error_message = "A transform job runs on one whole instance or more; got ${var.instances.count}."
  }
}

variable "strategy" {
  description = "How many records a request holds: as many as max_payload_mb allows (multi), or one (single)."
  type        = string
  default     = "multi"
  nullable    = false

  validation {
    condition     = contains(["multi", "single"], var.strategy)
    error_message = "The strategy is multi (many records a request) or single (one); got ${var.strategy}."
  }
}

variable "max_payload_mb" {
  description = "How large a request to the container may be, in MB."
  type        = number
  default     = 6
  nullable    = false

  validation {
    condition     = var.max_payload_mb >= 1 && var.max_payload_mb <= 100 && floor(var.max_payload_mb) == var.max_payload_mb
    error_message = "A request of a transform job has at most 1 to 100 MB, a whole number; got ${var.max_payload_mb}."
  }
}

variable "max_concurrent" {
  description = "How many requests an instance is sent at a time; null: what the container says itself."
  type        = number
  default     = null

  validation {
    condition     = try(var.max_concurrent >= 1 && floor(var.max_concurrent) == var.max_concurrent && var.max_concurrent * var.max_payload_mb <= 100, true)
    error_message = "An instance is sent one request or more at a time, which together have at most 100 MB: ${try(coalesce(var.max_concurrent, 0), 0)} of ${var.max_payload_mb} MB are not; make either smaller."
  }
}

variable "join" {
  description = "What stands in the output: the predictions (none), or each record of the input with its own (input)."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["input", "none"], var.join)
    error_message = "The predictions are joined with the input (input), or stand alone (none); got ${var.join}."
  }
}

variable "reads" {
  description = "Folders of other buckets that input may lie in, as s3://<bucket>/<folder>/; the artifact store's runs/ and the environment's own are always allowed."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for folder in var.reads : can(regex("^s3://[a-z0-9][a-z0-9.-]+/([^*?]+/)?$", folder))])
    error_message = "A folder is s3://<bucket>/<folder>/ with a slash at its end; got ${join(", ", var.reads)}."
  }
}

variable "timeout_seconds" {
  description = "How long a job may run."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 60 && var.timeout_seconds <= 432000
    error_message = "A job is given 60 to 432000 seconds (five days); got ${var.timeout_seconds}."
  }
}

variable "artifacts" {
  description = "The artifact store that holds models, input and output: its bucket, and the ARN of its key."
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
