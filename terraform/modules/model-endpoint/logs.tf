# Made before SageMaker would make it, without key and without end.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/sagemaker/Endpoints/${var.name}"
  retention_in_days = 365
  kms_key_id        = var.key_arn
}

# What serving says of its predictions, as metrics. No default value: a line that is not written must stay missing.
resource "aws_cloudwatch_log_metric_filter" "quality" {
  for_each = { QualityPSI = "$.psi", MissingShare = "$.missing_share", UnseenShare = "$.unseen_share" }

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = "{ $.event = \"quality\" }"

  metric_transformation {
    namespace = local.namespace
    name      = each.key
    value     = each.value
  }
}
