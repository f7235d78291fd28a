output "state_bucket" {
  description = "Name of the bucket that holds the state of every root."
  value       = local.state_bucket
}

output "state_key_arn" {
  description = "ARN of the key that encrypts the state; null but at home."
  value       = one(module.state[*].key_arn)
}

output "deploy_role_arn" {
  description = "ARN of the role that plans and applies delivery and the environments."
  value       = aws_iam_role.deploy.arn
}

output "plan_role_arn" {
  description = "ARN of the role that plans and changes nothing: for pull requests on GitHub, and for the build that plans."
  value       = aws_iam_role.plan.arn
}

output "boundary_arn" {
  description = "ARN of the permissions boundary that every role carries which the deploy role creates."
  value       = aws_iam_policy.boundary.arn
}
