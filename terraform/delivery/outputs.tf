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
