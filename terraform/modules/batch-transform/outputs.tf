output "state_machine_arn" {
  description = "ARN of the state machine; an execution of it transforms a data set."
  value       = aws_sfn_state_machine.this.arn
}

output "folder" {
  description = "Where runs keep what they are given and what they make, each in a folder of its name."
  value       = "s3://${var.artifacts.bucket}/${local.folder}/"
}
