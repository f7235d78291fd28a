locals {
  # The repository decrypts for whoever may pull, so the key needs no statement for them.
  key_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecides"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      # Leaves it to the account's own policies; `*` is the key itself in a key's policy.
      Action   = "kms:*"
      Resource = "*"
    }]
  }

  repository_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Readers"
      Effect    = "Allow"
      Principal = { AWS = [for account in sort(var.readers) : "arn:aws:iam::${account}:root"] }
      Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  }
}

resource "aws_ecr_repository_policy" "this" {
  repository = aws_ecr_repository.this.name
  policy     = jsonencode(local.repository_policy)
}
