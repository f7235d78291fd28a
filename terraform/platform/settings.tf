locals {
  # Terraform drops what a typed object does not name, without a word: a misspelt setting would be its default.
  settings = merge({
    "endpoint."                      = [var.endpoint, ["mode", "instances", "rollout", "alarms", "autoscaling", "capture", "experiment", "script_mode"]]
    "endpoint.mode."                 = [try(var.endpoint.mode, null), ["real_time", "serverless", "asynchronous"]]
    "endpoint.mode.real_time."       = [try(var.endpoint.mode.real_time, null), []]
    "endpoint.mode.serverless."      = [try(var.endpoint.mode.serverless, null), ["memory_mb", "max_concurrency", "provisioned_concurrency"]]
    "endpoint.mode.asynchronous."    = [try(var.endpoint.mode.asynchronous, null), ["max_concurrent_invocations_per_instance", "max_payload_mb"]]
    "endpoint.instances."            = [try(var.endpoint.instances, null), ["type", "count", "built_for"]]
    "endpoint.rollout."              = [try(var.endpoint.rollout, null), ["all_at_once", "canary", "linear", "rolling"]]
    "endpoint.rollout.all_at_once."  = [try(var.endpoint.rollout.all_at_once, null), ["bake_seconds"]]
    "endpoint.rollout.canary."       = [try(var.endpoint.rollout.canary, null), ["percent", "bake_seconds"]]
    "endpoint.rollout.linear."       = [try(var.endpoint.rollout.linear, null), ["step_percent", "bake_seconds"]]
    "endpoint.rollout.rolling."      = [try(var.endpoint.rollout.rolling, null), ["batch_percent", "bake_seconds"]]
    "endpoint.alarms."               = [try(var.endpoint.alarms, null), ["error_rate_percent", "p99_latency_ms", "quality_psi", "period_seconds", "periods", "missing_data"]]
    "endpoint.autoscaling."          = [try(var.endpoint.autoscaling, null), ["min", "max", "invocations_per_instance", "backlog_per_instance", "provisioned_utilization", "scale_in_cooldown_seconds", "scale_out_cooldown_seconds", "steps", "schedules"]]
    "endpoint.capture."              = [try(var.endpoint.capture, null), ["percent", "sides"]]
    "endpoint.experiment."           = [try(var.endpoint.experiment, null), ["ab", "shadow"]]
    "endpoint.experiment.ab."        = [try(var.endpoint.experiment.ab, null), ["percent", "release"]]
    "endpoint.experiment.shadow."    = [try(var.endpoint.experiment.shadow, null), ["percent", "release"]]
    "endpoint.script_mode."          = [try(var.endpoint.script_mode, null), ["image"]]
    "batch."                         = [var.batch, ["instances", "strategy", "max_payload_mb", "max_concurrent", "join", "reads", "timeout_seconds"]]
    "batch.instances."               = [try(var.batch.instances, null), ["type", "count", "built_for"]]
    "training."                      = [var.training, ["approval", "gate", "jobs"]]
    "training.gate."                 = [try(var.training.gate, null), ["thresholds", "champion"]]
    "training.gate.champion."        = [try(var.training.gate.champion, null), ["metric", "goal", "tolerance"]]
    "training.jobs."                 = [try(var.training.jobs, null), ["processing", "training"]]
    "training.jobs.processing."      = [try(var.training.jobs.processing, null), ["instance_count", "sharded_prefix", "instance_type", "volume_gigabytes", "timeout_seconds"]]
    "training.jobs.training."        = [try(var.training.jobs.training, null), ["instance_count", "instance_type", "volume_gigabytes", "timeout_seconds", "spot", "tuning"]]
    "training.jobs.training.spot."   = [try(var.training.jobs.training.spot, null), ["waiting_seconds"]]
    "training.jobs.training.tuning." = [try(var.training.jobs.training.tuning, null), ["max_jobs", "max_parallel_jobs", "seed"]]
    "api."                           = [var.api, ["package", "throttle", "rollout", "alarms", "jwt"]]
    "api.throttle."                  = [try(var.api.throttle, null), ["requests_per_second", "burst"]]
    "api.rollout."                   = [try(var.api.rollout, null), ["all_at_once", "canary", "linear"]]
    "api.rollout.all_at_once."       = [try(var.api.rollout.all_at_once, null), []]
    "api.rollout.canary."            = [try(var.api.rollout.canary, null), ["percent", "bake_minutes"]]
    "api.rollout.linear."            = [try(var.api.rollout.linear, null), ["step_percent", "interval_minutes"]]
    "api.alarms."                    = [try(var.api.alarms, null), ["error_rate_percent", "p99_latency_ms"]]
    "api.jwt."                       = [try(var.api.jwt, null), ["issuer", "audience", "scopes"]]
    }, {
    for name, step in try(var.endpoint.autoscaling.steps, {}) : "endpoint.autoscaling.steps.${name}." => [step, ["above", "add"]]
    }, {
    for name, schedule in try(var.endpoint.autoscaling.schedules, {}) : "endpoint.autoscaling.schedules.${name}." => [schedule, ["schedule", "min", "max", "timezone"]]
    }, {
    for metric, bounds in try(var.training.gate.thresholds, {}) : "training.gate.thresholds.${metric}." => [bounds, ["min", "max"]]
  })

  unknown_settings = flatten([for prefix, each in local.settings : [
    for name in try(keys(each[0]), []) : "${prefix}${name} (there ${length(each[1]) == 0 ? "is nothing to set" : "are ${join(", ", each[1])}"})" if !contains(each[1], name)
  ]])
}
