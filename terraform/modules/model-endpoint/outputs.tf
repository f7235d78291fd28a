output "name" {
  description = "Name of the endpoint; null without a release."
  value       = one(aws_sagemaker_endpoint.this[*].name)
}

output "config_name" {
  description = "Name of the configuration that the endpoint runs; null without a release."
  value       = one(aws_sagemaker_endpoint.this[*].endpoint_config_name)
}

output "release_version" {
  description = "Version of the release that the endpoint serves; null without one."
  # By way of the endpoint, whose postcondition has seen it.
  value = length(aws_sagemaker_endpoint.this) == 0 ? null : var.release.current.version
}

output "log_group_name" {
  description = "Name of the log group of the endpoint's containers."
  value       = aws_cloudwatch_log_group.this.name
}

output "mode" {
  description = "How the endpoint answers: real_time, serverless or asynchronous."
  value       = local.mode
}

output "topic_arns" {
  description = "ARNs of the topics that say of an asynchronous answer that it is there (success) or failed (error); none in other modes."
  value       = { for kind, topic in aws_sns_topic.this : kind => topic.arn }
}
