locals {
  # Across accounts a bucket's policy names accounts, and the condition the roles: those need not exist yet.
  accounts = { for kind, roles in { readers = var.readers, writers = var.writers, servers = var.servers } :
    kind => distinct([for role in sort(roles) : "arn:aws:iam::${split(":", role)[4]}:root"])
  }

  tenants = [for account in keys(var.tenants) : "arn:aws:iam::${account}:root"]

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
      length(var.readers) == 0 ? [] : [{
        Sid       = "Readers"
        Effect    = "Allow"
        Principal = { AWS = local.accounts.readers }
        Action    = ["s3:GetObject", "s3:ListBucket"]
        Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
        Condition = { ArnLike = { "aws:PrincipalArn" = sort(var.readers) } }
      }],
      length(var.writers) == 0 ? [] : [{
        Sid       = "Writers"
        Effect    = "Allow"
        Principal = { AWS = local.accounts.writers }
        Action    = ["s3:PutObject", "s3:AbortMultipartUpload"]
        Resource  = ["${aws_s3_bucket.this.arn}/runs/*"]
        Condition = { ArnLike = { "aws:PrincipalArn" = sort(var.writers) } }
      }],
      length(var.servers) == 0 ? [] : [{
        Sid       = "Servers"
        Effect    = "Allow"
        Principal = { AWS = local.accounts.servers }
        Action    = ["s3:PutObject", "s3:AbortMultipartUpload"]
        Resource  = ["${aws_s3_bucket.this.arn}/serving/*"]
        Condition = { ArnLike = { "aws:PrincipalArn" = sort(var.servers) } }
      }],
      length(var.tenants) == 0 ? [] : [{
        Sid       = "TenantsList"
        Effect    = "Allow"
        Principal = { AWS = local.tenants }
        # Not by prefix: S3 tells "no such object yet" from "forbidden" only to who may list the bucket as a whole.
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.this.arn
      }],
      [for account, prefix in var.tenants : {
        Sid       = "Tenant${account}"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${account}:root" }
        Action    = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource  = "${aws_s3_bucket.this.arn}/${prefix}*"
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
      length(var.readers) == 0 ? [] : [{
        Sid       = "Readers"
        Effect    = "Allow"
        Principal = { AWS = local.accounts.readers }
        Action    = ["kms:Decrypt", "kms:DescribeKey"]
        Resource  = "*"
        Condition = { ArnLike = { "aws:PrincipalArn" = sort(var.readers) } }
      }],
      length(var.writers) == 0 ? [] : [{
        Sid       = "Writers"
        Effect    = "Allow"
        Principal = { AWS = local.accounts.writers }
        Action    = ["kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { ArnLike = { "aws:PrincipalArn" = sort(var.writers) } }
      }],
      length(var.servers) == 0 ? [] : [{
        Sid       = "Servers"
        Effect    = "Allow"
        Principal = { AWS = local.accounts.servers }
        Action    = ["kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { ArnLike = { "aws:PrincipalArn" = sort(var.servers) } }
      }],
      length(var.tenants) == 0 ? [] : [{
        Sid       = "Tenants"
        Effect    = "Allow"
        Principal = { AWS = local.tenants }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
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
