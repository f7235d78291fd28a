output "endpoint_name" {
  description = "Name of the endpoint; null without a release."
  value       = module.platform.endpoint_name
}

output "endpoint_config_name" {
  description = "Name of the configuration that the endpoint runs; null without a release."
  value       = module.platform.endpoint_config_name
}

output "release_version" {
  description = "Version of the release that the endpoint serves; null without one."
  value       = module.platform.release_version
}

output "log_group_name" {
  description = "Name of the log group of the endpoint's containers."
  value       = module.platform.log_group_name
}

output "state_machine_arn" {
  description = "ARN of the training workflow; null where the environment does not train."
  value       = module.platform.state_machine_arn
}

output "api_url" {
  description = "Where the API is asked for predictions; null without one."
  value       = module.platform.api_url
}

output "api_deployment" {
  description = "What a deployment of the API's versions is made of; null without an API."
  value       = module.platform.api_deployment
}

output "endpoint_mode" {
  description = "How the endpoint answers: real_time, serverless or asynchronous."
  value       = module.platform.endpoint_mode
}

output "batch" {
  description = "The batch transform: its state machine, and the folder of its runs; null without one."
  value       = module.platform.batch
}
