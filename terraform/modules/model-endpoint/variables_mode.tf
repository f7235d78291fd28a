variable "mode" {
  description = "How the endpoint answers: exactly one of real_time (at once, by instances), serverless (at once, by use, no cost at rest) and asynchronous (from and to S3, by instances, down to none). Another mode replaces the endpoint."
  default     = { real_time = {} }
  nullable    = false

  type = object({
    real_time = optional(object({}))
    serverless = optional(object({
      memory_mb               = optional(number, 2048)
      max_concurrency         = optional(number, 5)
      provisioned_concurrency = optional(number)
    }))
    asynchronous = optional(object({
      max_concurrent_invocations_per_instance = optional(number)
      max_payload_mb                          = optional(number, 100)
    }))
  })

  validation {
    condition     = length([for mode in var.mode : mode if mode != null]) == 1
    error_message = "An endpoint has exactly one mode, real_time, serverless or asynchronous; got [${join(", ", [for name, mode in var.mode : name if mode != null])}]."
  }

  validation {
    condition     = try(var.mode.serverless.memory_mb >= 1024 && var.mode.serverless.memory_mb <= 6144 && var.mode.serverless.memory_mb % 1024 == 0, true)
    error_message = "A serverless endpoint has 1024 to 6144 MB of memory in steps of 1024; got ${try(var.mode.serverless.memory_mb, 0)}."
  }

  validation {
    condition     = try(var.mode.serverless.max_concurrency >= 1 && var.mode.serverless.max_concurrency <= 200 && floor(var.mode.serverless.max_concurrency) == var.mode.serverless.max_concurrency, true)
    error_message = "A serverless endpoint answers 1 to 200 requests at a time, a whole number; got ${try(var.mode.serverless.max_concurrency, 0)}."
  }

  validation {
    condition     = try(var.mode.serverless.provisioned_concurrency >= 1 && var.mode.serverless.provisioned_concurrency <= var.mode.serverless.max_concurrency && floor(var.mode.serverless.provisioned_concurrency) == var.mode.serverless.provisioned_concurrency, true)
    error_message = "Of a serverless endpoint's max_concurrency (${try(var.mode.serverless.max_concurrency, 0)}) 1 or more can be provisioned, a whole number; got ${try(coalesce(var.mode.serverless.provisioned_concurrency, 0), 0)}: leave it out to pay for use only."
  }

  validation {
    condition     = try(var.mode.asynchronous.max_concurrent_invocations_per_instance >= 1 && var.mode.asynchronous.max_concurrent_invocations_per_instance <= 1000 && floor(var.mode.asynchronous.max_concurrent_invocations_per_instance) == var.mode.asynchronous.max_concurrent_invocations_per_instance, true)
    error_message = "An instance of an asynchronous endpoint is given 1 to 1000 requests at a time, a whole number, or what SageMaker thinks best; got ${try(coalesce(var.mode.asynchronous.max_concurrent_invocations_per_instance, 0), 0)}."
  }

  validation {
    condition     = try(var.mode.asynchronous.max_payload_mb >= 1 && var.mode.asynchronous.max_payload_mb <= 1024 && floor(var.mode.asynchronous.max_payload_mb) == var.mode.asynchronous.max_payload_mb, true)
    error_message = "An asynchronous endpoint takes payloads of up to 1 to 1024 MB, a whole number; got ${try(var.mode.asynchronous.max_payload_mb, 0)}."
  }
}

variable "script_mode" {
  description = "Serve by one of SageMaker's managed framework images, by digest, which runs the code that the release's artifact carries; null: by the release's own image."
  default     = null

  type = object({ image = string })

  validation {
    condition     = var.script_mode == null || can(regex("^[0-9]{12}[.]dkr[.]ecr[.][a-z0-9-]+[.]amazonaws[.]com([.]cn)?/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$", var.script_mode.image))
    error_message = "A managed image is named by digest, <account>.dkr.ecr.<region>.amazonaws.com/sagemaker-xgboost@sha256:<64 hexadecimal digits>, because its tags move (docs/modes.md says how to look one up); got ${try(var.script_mode.image, "")}."
  }

  validation {
    condition     = var.script_mode == null || can(regex("/sagemaker-[^/@]+@", var.script_mode.image)) || try(replace(var.script_mode.image, "/^([0-9]+)[.]dkr[.]ecr[.]([a-z0-9-]+)[.]amazonaws[.]com(?:[.]cn)?/([^@]+)@.*$/", "arn:aws:ecr:$2:$1:repository/$3") == var.image_repository_arn, false)
    error_message = "Script mode is served by SageMaker's images, whose repositories are named sagemaker-…, or by one of the project's own repository; got ${try(var.script_mode.image, "")}."
  }

  validation {
    condition     = var.script_mode == null || var.mode.asynchronous == null
    error_message = "A managed image does not know max_payload_mb, and refuses what is larger than in real time: leave script_mode out, or choose mode = { real_time = {} } or { serverless = {} }."
  }
}

variable "capture" {
  description = "How many percent of the requests are kept in the artifact store, and which sides of them: input, output or both."
  default     = null

  type = object({
    percent = number
    sides   = optional(set(string), ["input", "output"])
  })

  validation {
    condition     = try(var.capture.percent >= 1 && var.capture.percent <= 100 && floor(var.capture.percent) == var.capture.percent, true)
    error_message = "Capture keeps 1 to 100 % of the requests, a whole number; got ${try(var.capture.percent, 0)}: leave capture out to keep none."
  }

  validation {
    condition     = try(length(var.capture.sides) > 0 && length(setsubtract(var.capture.sides, ["input", "output"])) == 0, true)
    error_message = "The sides of a request are input and output; got [${join(", ", try(var.capture.sides, []))}]."
  }

  validation {
    condition     = var.capture == null || var.mode.serverless == null
    error_message = "SageMaker captures no data of a serverless endpoint: leave capture out, or choose mode = { real_time = {} }."
  }

  validation {
    condition     = var.capture == null || var.mode.asynchronous == null
    error_message = "An asynchronous endpoint has every request and every answer in S3 already: leave capture out, or choose mode = { real_time = {} }."
  }
}

variable "experiment" {
  description = "A challenger beside the current release: it answers percent of the requests (ab), or is sent a copy of percent of them, and nobody sees its answers (shadow). Exactly one of the two."
  default     = null

  type = object({
    ab = optional(object({
      percent = number
      release = object({ version = string, model_data_url = string, model_data_sha256 = string, image = string, git_sha = string })
    }))
    shadow = optional(object({
      percent = number
      release = object({ version = string, model_data_url = string, model_data_sha256 = string, image = string, git_sha = string })
    }))
  })

  validation {
    condition     = var.experiment == null || length([for kind in var.experiment == null ? {} : var.experiment : kind if kind != null]) == 1
    error_message = "An experiment is either ab or shadow; got [${join(", ", [for name, kind in var.experiment == null ? {} : var.experiment : name if kind != null])}]."
  }

  validation {
    condition     = var.experiment == null || var.mode.real_time != null
    error_message = "SageMaker serves several variants, and shadows, in real time only: leave experiment out, or choose mode = { real_time = {} }."
  }

  validation {
    condition     = try(var.experiment.ab.percent >= 1 && var.experiment.ab.percent <= 99 && floor(var.experiment.ab.percent) == var.experiment.ab.percent, true)
    error_message = "A challenger answers 1 to 99 % of the requests, a whole number; got ${try(var.experiment.ab.percent, 0)}."
  }

  validation {
    condition     = try(var.experiment.shadow.percent >= 1 && var.experiment.shadow.percent <= 100 && floor(var.experiment.shadow.percent) == var.experiment.shadow.percent, true)
    error_message = "A shadow is sent a copy of 1 to 100 % of the requests, a whole number; got ${try(var.experiment.shadow.percent, 0)}."
  }

  validation {
    condition     = var.experiment == null || try(alltrue([for kind in var.experiment : kind.release.version != var.release.current.version if kind != null]), false)
    error_message = "An experiment tries another release beside the current one; current is ${try("version ${var.release.current.version}", "none")}, the challenger version ${try(join(", ", [for kind in var.experiment : kind.release.version if kind != null]), "")}."
  }

  validation {
    condition     = try(alltrue(flatten([for kind in var.experiment : [for member, pattern in local.grammar : can(regex(pattern, kind.release[member]))] if kind != null])), true)
    error_message = "A challenger is pinned like a release, by a number, an archive in S3, its SHA-256, an image by digest and a whole commit; not so: ${try(join(", ", flatten([for kind in var.experiment : [for member, pattern in local.grammar : member if !can(regex(pattern, kind.release[member]))] if kind != null])), "")}. `make challenger` writes it."
  }

  validation {
    condition     = try(var.experiment.ab, null) == null || var.rollout.rolling == null
    error_message = "SageMaker rolls out in batches where there is one variant only: take another rollout than rolling while ab runs."
  }

  validation {
    condition     = var.experiment == null || !try(startswith(var.instances.type, "ml.inf1."), false)
    error_message = "SageMaker mirrors no traffic on inf1, and guards no rollouts: take inf2 for an experiment; got ${try(var.instances.type, "")}."
  }
}
