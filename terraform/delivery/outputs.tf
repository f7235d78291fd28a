output "artifact_bucket" {
  description = "Name of the bucket that holds raw data and the training runs."
  value       = module.artifacts.bucket
}

output "artifact_key_arn" {
  description = "ARN of the key that encrypts what the bucket holds."
  value       = module.artifacts.key_arn
}

output "image_repository_arn" {
  description = "ARN of the image repository."
  value       = module.images.arn
}

output "image_repository_url" {
  description = "Where images are pushed: <registry>/<name>."
  value       = module.images.url
}

output "model_package_group_name" {
  description = "Name of the model package group."
  value       = module.registry.name
}

output "model_package_group_arn" {
  description = "ARN of the model package group."
  value       = module.registry.arn
}

output "connection_arn" {
  description = "ARN of the connection to the repository."
  value       = aws_codeconnections_connection.this.arn
}

output "connection_address" {
  description = "Where a person completes the connection, once: choose it there, then *Update pending connection*."
  value       = "${local.console}/settings/${local.account}/${local.region}/connections/${element(split("/", aws_codeconnections_connection.this.arn), 1)}"
}

output "model_pipeline" {
  description = "Name of the pipeline that trains what was pushed; null where the environment that trains has an account of its own."
  value       = one(module.model[*].name)
}

output "release_pipelines" {
  description = "Names of the pipelines that release, by environment."
  value       = { for name, pipeline in module.release : name => pipeline.name }
}

output "notification_topic_arn" {
  description = "ARN of the topic that tells of failures and of approvals that wait; whoever wants to hear subscribes to it."
  value       = aws_sns_topic.notifications.arn
}
