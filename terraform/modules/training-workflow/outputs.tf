output "state_machine_arn" {
  description = "ARN of the state machine; an execution of it trains a model."
  value       = aws_sfn_state_machine.this.arn
}
