locals {
  # Terraform drops what a typed object does not name, without a word: a misspelt setting would be its default.
  settings = {
    "endpoint."                     = [var.endpoint, ["mode", "instances", "rollout", "alarms", "autoscaling", "capture", "experiment", "script_mode"]]
    "endpoint.mode."                = [try(var.endpoint.mode, null), ["real_time", "serverless", "asynchronous"]]
    "endpoint.mode.real_time."      = [try(var.endpoint.mode.real_time, null), []]
    "endpoint.mode.serverless."     = [try(var.endpoint.mode.serverless, null), ["memory_mb", "max_concurrency", "provisioned_concurrency"]]
    "endpoint.mode.asynchronous."   = [try(var.endpoint.mode.asynchronous, null), ["max_concurrent_invocations_per_instance", "max_payload_mb"]]
    "endpoint.instances."           = [try(var.endpoint.instances, null), ["type", "count", "built_for"]]
    "endpoint.rollout."             = [try(var.endpoint.rollout, null), ["all_at_once", "canary", "linear", "rolling"]]
    "endpoint.rollout.all_at_once." = [try(var.endpoint.rollout.all_at_once, null), ["bake_seconds"]]
    "endpoint.rollout.canary."      = [try(var.endpoint.rollout.canary, null), ["percent", "bake_seconds"]]
    "endpoint.rollout.linear."      = [try(var.endpoint.rollout.linear, null), ["step_percent", "bake_seconds"]]
    "endpoint.rollout.rolling."     = [try(var.endpoint.rollout.rolling, null), ["batch_percent", "bake_seconds"]]
    "endpoint.alarms."              = [try(var.endpoint.alarms, null), ["error_rate_percent", "p99_latency_ms", "quality_psi", "period_seconds", "periods", "missing_data"]]
    "endpoint.autoscaling."         = [try(var.endpoint.autoscaling, null), ["min", "max", "invocations_per_instance", "backlog_per_instance", "provisioned_utilization", "scale_in_cooldown_seconds", "scale_out_cooldown_seconds", "steps", "schedules"]]
    "endpoint.capture."             = [try(var.endpoint.capture, null), ["percent", "sides"]]
    "endpoint.experiment."          = [try(var.endpoint.experiment, null), ["ab", "shadow"]]
    "endpoint.experiment.ab."       = [try(var.endpoint.experiment.ab, null), ["percent", "release"]]
    "endpoint.experiment.shadow."   = [try(var.endpoint.experiment.shadow, null), ["percent", "release"]]
    "endpoint.script_mode."         = [try(var.endpoint.script_mode, null), ["image"]]
    "batch."                        = [var.batch, ["instances", "strategy", "max_payload_mb", "max_concurrent", "join", "reads", "timeout_seconds"]]
    "batch.instances."              = [try(var.batch.instances, null), ["type", "count", "built_for"]]
  }

  unknown_settings = flatten([for prefix, each in local.settings : [
    for name in try(keys(each[0]), []) : "${prefix}${name} (there are ${join(", ", each[1])})" if !contains(each[1], name)
  ]])
}
