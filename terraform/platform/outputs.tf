output "endpoint_name" {
  description = "Name of the endpoint; null without a release."
  value       = module.endpoint.name
}

output "endpoint_config_name" {
  description = "Name of the configuration that the endpoint runs; null without a release."
  value       = module.endpoint.config_name
}

output "release_version" {
  description = "Version of the release that the endpoint serves; null without one."
  value       = module.endpoint.release_version
}

output "log_group_name" {
  description = "Name of the log group of the endpoint's containers."
  value       = module.endpoint.log_group_name
}

output "state_machine_arn" {
  description = "ARN of the training workflow; null where the environment does not train."
  value       = one(module.training[*].state_machine_arn)
}

output "api_url" {
  description = "Where the API is asked for predictions; null without one."
  value       = one(module.api[*].url)
}

output "api_deployment" {
  description = "What a deployment of the API's versions is made of; null without an API."
  value       = one(module.api[*].deployment)
}

output "endpoint_mode" {
  description = "How the endpoint answers: real_time, serverless or asynchronous."
  value       = module.endpoint.mode

  precondition {
    condition     = length(local.unknown_settings) == 0
    error_message = "The platform knows no ${join("; no ", local.unknown_settings)}."
  }
}

output "batch" {
  description = "The batch transform: its state machine, and the folder of its runs; null without one."
  value       = one([for batch in module.batch : { state_machine_arn = batch.state_machine_arn, folder = batch.folder }])
}
