variable "name" {
  description = "Prefix of all that the API is made of."
  type        = string
  nullable    = false
}

variable "endpoint_name" {
  description = "Name of the endpoint that predicts."
  type        = string
  nullable    = false
}

variable "release" {
  description = "The release that the endpoint serves: requests are held to its schema, versions to its golden requests."
  type        = object({ version = string, model_package_arn = string })
  nullable    = false
}

variable "package" {
  description = "Path of the functions' package, which `make plan` and `make apply` write."
  type        = string
  nullable    = false
}

variable "rollout" {
  description = "How a new version comes into service: exactly one strategy, in percent of the requests."
  nullable    = false

  type = object({
    all_at_once = optional(object({}))
    canary      = optional(object({ percent = number, bake_minutes = number }))
    linear      = optional(object({ step_percent = number, interval_minutes = number }))
  })

  validation {
    condition     = length([for strategy in var.rollout : strategy if strategy != null]) == 1
    error_message = "A rollout has one strategy of all_at_once, canary and linear; got ${length([for strategy in var.rollout : strategy if strategy != null])}."
  }

  validation {
    condition     = try(var.rollout.canary.percent >= 1 && var.rollout.canary.percent <= 99 && floor(var.rollout.canary.percent) == var.rollout.canary.percent, true)
    error_message = "A canary takes 1 to 99 whole percent of the requests; got ${try(var.rollout.canary.percent, 0)}."
  }

  validation {
    condition     = try(var.rollout.linear.step_percent >= 1 && var.rollout.linear.step_percent <= 99 && floor(var.rollout.linear.step_percent) == var.rollout.linear.step_percent, true)
    error_message = "A linear step is 1 to 99 whole percent of the requests; got ${try(var.rollout.linear.step_percent, 0)}."
  }

  # The function's error alarm looks at whole minutes, and needs one to be over.
  validation {
    condition     = try(var.rollout.canary.bake_minutes >= 2 && var.rollout.canary.bake_minutes <= 2880 && floor(var.rollout.canary.bake_minutes) == var.rollout.canary.bake_minutes, true)
    error_message = "A canary bakes 2 to 2880 whole minutes, or its alarms could not ring; got ${try(var.rollout.canary.bake_minutes, 0)}."
  }

  validation {
    condition     = try(var.rollout.linear.interval_minutes >= 2 && var.rollout.linear.interval_minutes <= 2880 && floor(var.rollout.linear.interval_minutes) == var.rollout.linear.interval_minutes, true)
    error_message = "A linear step lasts 2 to 2880 whole minutes, or its alarms could not ring; got ${try(var.rollout.linear.interval_minutes, 0)}."
  }
}

variable "alarms" {
  description = "What rolls a new version back while it shifts, judged by the minute: invocations that raise, and slow ones."
  default     = null

  type = object({
    error_rate_percent = number
    p99_latency_ms     = number
  })

  validation {
    condition     = try(var.alarms.error_rate_percent >= 0 && var.alarms.error_rate_percent < 100, true)
    error_message = "A rate of 0 to less than 100 percent is alarming; got ${try(var.alarms.error_rate_percent, 0)}."
  }

  # What raises is seen in the share that the first step gives it.
  validation {
    condition     = try(var.alarms.error_rate_percent, 0) < try(var.rollout.canary.percent, var.rollout.linear.step_percent, 100)
    error_message = "A version that always raises must ring in its first step: an error rate below that step's share is expected; got ${try(var.alarms.error_rate_percent, 0)} %."
  }

  validation {
    condition     = try(var.alarms.p99_latency_ms > 0 && var.alarms.p99_latency_ms < 29000, true)
    error_message = "A latency above 0 and below 29000 ms, the function's end, is alarming; got ${try(var.alarms.p99_latency_ms, 0)}."
  }
}

variable "throttle" {
  description = "How many requests a second the API takes, and how many at once beyond."
  type        = object({ requests_per_second = number, burst = number })
  nullable    = false

  validation {
    condition     = var.throttle.requests_per_second > 0 && var.throttle.burst >= 1
    error_message = "An API takes more than 0 requests a second and 1 at once or more; got ${var.throttle.requests_per_second} and ${var.throttle.burst}."
  }
}

variable "jwt" {
  description = "Whose tokens open the API, for which audience, and which scopes, one of which a token must have; null: AWS's signatures and policies."
  default     = null

  type = object({
    issuer   = string
    audience = list(string)
    scopes   = optional(list(string))
  })

  validation {
    condition     = try(startswith(var.jwt.issuer, "https://"), true)
    error_message = "An issuer is told by its https:// address; got ${try(var.jwt.issuer, "null")}."
  }

  validation {
    condition     = try(length(var.jwt.audience) > 0, true)
    error_message = "Tokens without an audience are good for anything: name one."
  }
}

variable "artifacts" {
  description = "The artifact store that holds what a release recorded: its bucket, and the ARN of its key."
  type        = object({ bucket = string, key_arn = string })
  nullable    = false
}

variable "key_arn" {
  description = "ARN of the environment's key, which encrypts logs and the functions' settings."
  type        = string
  nullable    = false
}

variable "boundary_arn" {
  description = "ARN of the permissions boundary that the project's roles carry."
  type        = string
  nullable    = false
}
