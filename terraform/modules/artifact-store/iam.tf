locals {
  readers = [for account in sort(var.readers) : "arn:aws:iam::${account}:root"]
  writers = [for account in sort(var.writers) : "arn:aws:iam::${account}:root"]

  bucket_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        # Everyone and everything: nothing may come or go in the clear.
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      length(local.readers) == 0 ? [] : [{
        Sid       = "Readers"
        Effect    = "Allow"
        Principal = { AWS = local.readers }
        Action    = ["s3:GetObject", "s3:ListBucket"]
        Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      }],
      length(local.writers) == 0 ? [] : [{
        Sid       = "Writers"
        Effect    = "Allow"
        Principal = { AWS = local.writers }
        Action    = ["s3:PutObject", "s3:AbortMultipartUpload"]
        Resource  = ["${aws_s3_bucket.this.arn}/runs/*"]
      }],
    )
  }

  # In a key's policy the resource `*` is the key itself.
  key_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
        # Leaves it to the account's own policies; without it nobody could ever change the key again.
        Action   = "kms:*"
        Resource = "*"
      }],
      length(local.readers) == 0 ? [] : [{
        Sid       = "Readers"
        Effect    = "Allow"
        Principal = { AWS = local.readers }
        Action    = ["kms:Decrypt", "kms:DescribeKey"]
        Resource  = "*"
      }],
      length(local.writers) == 0 ? [] : [{
        Sid       = "Writers"
        Effect    = "Allow"
        Principal = { AWS = local.writers }
        Action    = ["kms:GenerateDataKey"]
        Resource  = "*"
      }],
    )
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.bucket
  policy = jsonencode(local.bucket_policy)

  # A policy that comes while public access is being blocked meets a conflicting operation.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
