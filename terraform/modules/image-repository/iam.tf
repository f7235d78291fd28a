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
      Sid    = "Readers"
      Effect = "Allow"
      # Across accounts the policy names accounts, and the condition the roles: those need not exist yet.
      Principal = { AWS = distinct([for role in sort(var.readers) : "arn:aws:iam::${split(":", role)[4]}:root"]) }
      Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Condition = { ArnLike = { "aws:PrincipalArn" = sort(var.readers) } }
    }]
  }
}

resource "aws_ecr_repository_policy" "this" {
  repository = aws_ecr_repository.this.name
  policy     = jsonencode(local.repository_policy)
}
