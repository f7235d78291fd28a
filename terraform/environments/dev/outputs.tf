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

output "state_machine_arn" {
  description = "ARN of the training workflow."
  value       = module.platform.state_machine_arn
}
