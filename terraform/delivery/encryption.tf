# One key for what the pipelines tell: their logs and their notifications.
resource "aws_kms_key" "this" {
  description             = "Encrypts logs and notifications of the pipelines of ${local.name}."
  enable_key_rotation     = true
  deletion_window_in_days = 7

  # In a key's policy the resource `*` is the key itself.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.accounts.delivery}:root" }
        # Leaves it to the account's own policies; without it nobody could ever change the key again.
        Action   = "kms:*"
        Resource = "*"
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.project.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${local.project.region}:${local.accounts.delivery}:log-group:/aws/codebuild/${local.name}-*" } }
      },
      {
        Sid       = "Notifications"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.name}-delivery"
  target_key_id = aws_kms_key.this.key_id
}
