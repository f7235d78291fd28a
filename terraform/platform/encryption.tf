# One key for what an environment keeps: the volumes of its instances, and its logs.
resource "aws_kms_key" "this" {
  description             = "Encrypts volumes and logs of ${local.name}."
  enable_key_rotation     = true
  deletion_window_in_days = 7

  # In a key's policy the resource `*` is the key itself.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
        # Leaves it to the account's own policies; without it nobody could ever change the key again.
        Action   = "kms:*"
        Resource = "*"
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${data.aws_region.current.id}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = [
          for group in concat(
            ["/aws/sagemaker/Endpoints/${local.name}", "/aws/vendedlogs/states/${local.name}-training"],
            var.batch == null ? [] : ["/aws/vendedlogs/states/${local.name}-batch"],
            var.api == null ? [] : ["/aws/lambda/${local.name}-api", "/aws/lambda/${local.name}-api-check", "/aws/vendedlogs/apis/${local.name}-api"],
          ) :
          "arn:aws:logs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:log-group:${group}"
        ] } }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.this.key_id
}
