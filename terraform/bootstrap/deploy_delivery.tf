locals {
  # What the environments share, and the way into other accounts.
  deploy_delivery = concat(length(local.others) == 0 ? [] : [{
    Effect   = "Allow"
    Action   = "sts:AssumeRole"
    Resource = flatten([for role in ["deploy", "operate"] : [for account in local.others : "arn:aws:iam::${account}:role/${local.name}-${role}"]])
    }], [
    {
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:PutObject"]
      Resource = ["${local.state}/delivery/*", "${local.state}/environments/*"]
    },
    {
      Effect   = "Allow"
      Action   = "kms:GenerateDataKey"
      Resource = one(module.state[*].key_arn)
    },
    {
      Effect = "Allow"
      Action = [
        "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:ListBucketVersions", "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
      ]
      Resource = [local.artifacts, local.pipelines]
    },
    {
      # To empty a bucket before it is destroyed.
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
      Resource = ["${local.artifacts}/*", "${local.pipelines}/*"]
    },
    {
      Effect = "Allow"
      Action = [
        "ecr:CreateRepository", "ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository",
        "ecr:DeleteRepositoryPolicy", "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability",
        "ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy", "ecr:TagResource", "ecr:UntagResource",
      ]
      Resource = "${local.arn.ecr}:repository/${local.name}"
    },
    {
      Effect = "Allow"
      Action = [
        "sagemaker:AddTags", "sagemaker:CreateModelPackageGroup", "sagemaker:DeleteModelPackageGroup",
        "sagemaker:DeleteModelPackageGroupPolicy", "sagemaker:DeleteTags", "sagemaker:PutModelPackageGroupPolicy",
      ]
      Resource = "${local.arn.sagemaker}:model-package-group/${local.name}"
    },
  ])
}
