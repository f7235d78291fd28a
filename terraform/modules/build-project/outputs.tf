output "name" {
  description = "Name of the build project, for the actions of pipelines."
  value       = aws_codebuild_project.this.name

  # A pipeline starts at once when it is made: its builds must be able to log.
  depends_on = [aws_iam_role_policy.this]
}

output "arn" {
  description = "ARN of the build project, for the roles that start builds."
  value       = aws_codebuild_project.this.arn
}
