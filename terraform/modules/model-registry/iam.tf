locals {
  readers = [for account in sort(var.readers) : "arn:aws:iam::${account}:root"]
  writers = [for account in sort(var.writers) : "arn:aws:iam::${account}:root"]

  # The versions of a group are ARNs of their own kind: …:model-package/<group>/<version>.
  group    = aws_sagemaker_model_package_group.this.arn
  versions = "${replace(local.group, ":model-package-group/", ":model-package/")}/*"

  group_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "ReadGroup"
          Effect    = "Allow"
          Principal = { AWS = local.readers }
          Action    = ["sagemaker:DescribeModelPackageGroup"]
          Resource  = local.group
        },
        {
          Sid       = "ReadVersions"
          Effect    = "Allow"
          Principal = { AWS = local.readers }
          Action    = ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"]
          Resource  = local.versions
        },
      ],
      length(local.writers) == 0 ? [] : [{
        Sid       = "Register"
        Effect    = "Allow"
        Principal = { AWS = local.writers }
        Action    = ["sagemaker:CreateModelPackage"]
        Resource  = local.versions
      }],
    )
  }
}

resource "aws_sagemaker_model_package_group_policy" "this" {
  model_package_group_name = aws_sagemaker_model_package_group.this.model_package_group_name
  resource_policy          = jsonencode(local.group_policy)
}
