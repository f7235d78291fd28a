variable "instances" {
  description = "What the endpoint runs on, ml.m5.large unless said, which must be what its image is built for: x86_64, arm64, gpu or neuron; how many is left to autoscaling where there is any, and is one otherwise. Null for a serverless endpoint."
  default     = null

  type = object({
    type      = optional(string, "ml.m5.large")
    count     = optional(number)
    built_for = optional(string, "x86_64")
  })

  validation {
    condition     = var.instances == null || can(regex("^ml[.][a-z0-9-]+[.][a-z0-9]+$", var.instances.type))
    error_message = "An instance type is ml.<family>.<size>, such as ml.m5.large; got ${try(var.instances.type, "")}."
  }

  validation {
    condition     = try(contains(keys(local.types.serves), split(".", var.instances.type)[1]), true)
    error_message = "SageMaker serves on no ${try(var.instances.type, "")}: ${try(contains(local.types.trains_only, split(".", var.instances.type)[1]), false) ? "that family is for jobs and notebooks only" : "there is no such family"}; take one of ${try(join(", ", local.types.runs[var.instances.built_for]), "x86_64, arm64, gpu or neuron")}."
  }

  validation {
    condition     = try(contains(local.types.serves[split(".", var.instances.type)[1]], split(".", var.instances.type)[2]), true)
    error_message = "That family serves in the sizes ${try(join(", ", local.types.serves[split(".", var.instances.type)[1]]), "")}; got ${try(var.instances.type, "")}."
  }

  validation {
    condition     = try(contains(["x86_64", "arm64", "gpu", "neuron"], var.instances.built_for), true)
    error_message = "An image is built for x86_64, arm64 (Graviton), gpu or neuron (Inferentia, Trainium); got ${try(var.instances.built_for, "")}."
  }

  validation {
    condition     = try(contains(local.types.runs[var.instances.built_for], split(".", var.instances.type)[1]) || !contains(flatten(values(local.types.runs)), split(".", var.instances.type)[1]), true)
    error_message = "The type ${try(var.instances.type, "")} runs images for ${try(join(", ", [for kind, families in local.types.runs : kind if contains(families, split(".", var.instances.type)[1])]), "")}, and this one is built for ${try(var.instances.built_for, "")}: take a family of ${try(join(", ", local.types.runs[var.instances.built_for]), "")}, or build the image for the other and say so in instances.built_for."
  }

  validation {
    condition     = try(var.instances.count >= 1 && floor(var.instances.count) == var.instances.count, true)
    error_message = "An endpoint runs on one whole instance or more; got ${try(coalesce(var.instances.count, 1), 1)}."
  }

  validation {
    condition     = try(var.instances.count, null) == null || var.autoscaling == null
    error_message = "The number of instances is fixed or scaled, not both: leave out instances.count, ${try(coalesce(var.instances.count, 1), 1)}, or autoscaling."
  }

  validation {
    condition     = var.instances == null || var.mode.serverless == null
    error_message = "A serverless endpoint has no instances, and no GPU: leave instances out and size it by mode.serverless.memory_mb, or choose mode = { real_time = {} }; got ${try(var.instances.type, "")}."
  }

  validation {
    condition     = !try(startswith(var.instances.type, "ml.t2."), false) || var.autoscaling == null
    error_message = "Application Auto Scaling does not scale t2, which bursts on credits: take m, c or r, or leave autoscaling out; got ${try(var.instances.type, "")}."
  }

  validation {
    condition     = !try(startswith(var.instances.type, "ml.inf1."), false) || var.alarms == null
    error_message = "SageMaker does not guard rollouts on inf1, but replaces all at once: take inf2, or leave alarms out; got ${try(var.instances.type, "")}."
  }
}

variable "autoscaling" {
  description = "Between which numbers of instances, and by what: the requests that one gets in a minute (invocations_per_instance; real_time), those that wait for one (backlog_per_instance; asynchronous, from min = 0), surges beyond (steps), the clock (schedules). Of a serverless endpoint, how much is provisioned, by how much of that is used (provisioned_utilization)."
  default     = null

  type = object({
    min                        = number
    max                        = number
    invocations_per_instance   = optional(number)
    backlog_per_instance       = optional(number)
    provisioned_utilization    = optional(number)
    scale_in_cooldown_seconds  = optional(number, 300)
    scale_out_cooldown_seconds = optional(number, 60)
    steps                      = optional(map(object({ above = number, add = number })), {})
    schedules                  = optional(map(object({ schedule = string, min = number, max = number, timezone = optional(string, "UTC") })), {})
  })

  validation {
    condition     = var.mode.serverless == null || try(coalesce(var.autoscaling.provisioned_utilization, 0) > 0 && coalesce(var.autoscaling.provisioned_utilization, 0) <= 1 && var.autoscaling.invocations_per_instance == null && var.autoscaling.backlog_per_instance == null && length(var.autoscaling.steps) == 0, true)
    error_message = "A serverless endpoint scales by itself; what autoscaling scales is how much of it is provisioned, by provisioned_utilization alone, a share of more than 0 and at most 1: leave autoscaling out, or choose mode = { real_time = {} } to scale instances; got ${jsonencode(try({ for name, value in var.autoscaling : name => value if value != null && contains(["provisioned_utilization", "invocations_per_instance", "backlog_per_instance", "steps"], name) }, {}))}."
  }

  validation {
    condition     = var.mode.serverless != null || try(var.autoscaling.provisioned_utilization, null) == null
    error_message = "Only a serverless endpoint has provisioned concurrency: scale instances by invocations_per_instance or backlog_per_instance, or choose mode = { serverless = {} }; got a provisioned_utilization of ${try(coalesce(var.autoscaling.provisioned_utilization, 0), 0)}."
  }

  validation {
    condition     = var.mode.serverless == null || try(var.autoscaling.max <= var.mode.serverless.max_concurrency, true)
    error_message = "Of a serverless endpoint no more can be provisioned than mode.serverless.max_concurrency, ${try(var.mode.serverless.max_concurrency, 0)}; got an autoscaling.max of ${try(var.autoscaling.max, 0)}."
  }

  validation {
    condition     = try(var.mode.serverless.provisioned_concurrency, null) == null || var.autoscaling == null
    error_message = "Provisioned concurrency is fixed or scaled, not both: leave out mode.serverless.provisioned_concurrency, ${try(coalesce(var.mode.serverless.provisioned_concurrency, 0), 0)}, or autoscaling."
  }

  validation {
    condition     = try(var.autoscaling.min >= local.fewest && var.autoscaling.min <= var.autoscaling.max && var.autoscaling.max >= 1 && floor(var.autoscaling.min) == var.autoscaling.min && floor(var.autoscaling.max) == var.autoscaling.max, true)
    error_message = "Autoscaling keeps min to max whole instances, or provisioned environments, and at least ${local.fewest} (only an asynchronous endpoint scales to zero, since its requests wait); got ${try(var.autoscaling.min, 0)} to ${try(var.autoscaling.max, 0)}."
  }

  validation {
    condition     = var.mode.real_time == null || try(coalesce(var.autoscaling.invocations_per_instance, 0) > 0 && var.autoscaling.backlog_per_instance == null, true)
    error_message = "A real-time endpoint scales by invocations_per_instance, more than 0 requests a minute: measure what one can do; got ${try(coalesce(var.autoscaling.invocations_per_instance, 0), 0)} and a backlog of ${try(coalesce(var.autoscaling.backlog_per_instance, 0), 0)}, of which it has none."
  }

  validation {
    condition     = var.mode.asynchronous == null || try(coalesce(var.autoscaling.backlog_per_instance, 0) > 0 && var.autoscaling.invocations_per_instance == null, true)
    error_message = "An asynchronous endpoint scales by backlog_per_instance, more than 0 requests that may wait for an instance; got ${try(coalesce(var.autoscaling.backlog_per_instance, 0), 0)} and ${try(coalesce(var.autoscaling.invocations_per_instance, 0), 0)} invocations_per_instance, a metric that it does not have."
  }

  validation {
    condition     = try(min(var.autoscaling.scale_in_cooldown_seconds, var.autoscaling.scale_out_cooldown_seconds) >= 0, true)
    error_message = "A cooldown is 0 seconds or more; got ${try(var.autoscaling.scale_in_cooldown_seconds, 0)} in, ${try(var.autoscaling.scale_out_cooldown_seconds, 0)} out."
  }

  validation {
    condition     = try(alltrue([for step in var.autoscaling.steps : step.above > coalesce(var.autoscaling.invocations_per_instance, step.above) && step.add >= 1]), true)
    error_message = "A step adds one instance or more above a number of requests a minute that tracking does not aim at; got ${jsonencode(try(var.autoscaling.steps, {}))}."
  }

  validation {
    condition     = try(length(distinct([for step in var.autoscaling.steps : step.above])) == length(var.autoscaling.steps), true)
    error_message = "Two steps begin at different numbers of requests; got ${jsonencode(try(var.autoscaling.steps, {}))}."
  }

  validation {
    condition     = try(alltrue([for each in var.autoscaling.schedules : can(regex("^(cron|at|rate)[(].+[)]$", each.schedule))]), true)
    error_message = "A schedule is cron(…), at(…) or rate(…), as Application Auto Scaling has them; got ${jsonencode(try(var.autoscaling.schedules, {}))}."
  }

  validation {
    condition     = try(alltrue([for each in var.autoscaling.schedules : each.min >= local.fewest && each.min <= each.max && each.max <= var.autoscaling.max]), true)
    error_message = "A schedule keeps to at least ${local.fewest} and to autoscaling.max, which rollouts of a real-time endpoint start with; got ${jsonencode(try(var.autoscaling.schedules, {}))}."
  }
}
