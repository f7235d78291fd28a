output "arn" {
  description = "ARN of the repository, for the policies of the roles that pull."
  value       = aws_ecr_repository.this.arn
}

output "url" {
  description = "Where images are pushed and pulled: <registry>/<name>."
  value       = aws_ecr_repository.this.repository_url
}
