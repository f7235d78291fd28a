# Made before Lambda would make them, without key and without end.
resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = 365
  kms_key_id        = var.key_arn
}

# Groups of that folder need no resource policy of their own, of which an account has ten.
resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/vendedlogs/apis/${var.name}-api"
  retention_in_days = 365
  kms_key_id        = var.key_arn
}
