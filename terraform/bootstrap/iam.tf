resource "aws_iam_role" "deploy" {
  name        = "${local.name}-deploy"
  description = "Plans and applies what the project ${local.name} delivers with and runs in."

  # At home, everyone in the account whom a policy of their own lets assume it; elsewhere, home's deploy role alone.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = local.account == local.home ? "arn:aws:iam::${local.home}:root" : "arn:aws:iam::${local.home}:role/${local.name}-deploy" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "deploy" {
  # State, artifacts, images and the way into other accounts are at home.
  for_each = { for name, statements in local.deploy_statements : name => statements
    if length(statements) > 0 && (local.account == local.home || !contains(["accounts", "artifacts", "images", "state"], name))
  }

  name   = each.key
  role   = aws_iam_role.deploy.name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

locals {
  # What an ARN of this account and region starts with, by service.
  arn = { for service in ["application-autoscaling", "cloudwatch", "ecr", "kms", "logs", "sagemaker", "states"] :
    service => "arn:aws:${service}:${local.project.region}:${local.account}"
  }
  state     = "arn:aws:s3:::${module.state.bucket}"
  artifacts = "arn:aws:s3:::${local.name}-artifacts-${local.account}-${local.project.region}"
  roles     = "arn:aws:iam::${local.account}:role/${local.name}"

  # What the roots `delivery` and `environments/*` manage, no more: names begin with the project's.
  deploy_statements = {
    accounts = [for account in local.others : {
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = "arn:aws:iam::${account}:role/${local.name}-deploy"
    }]

    state = [
      {
        # Not by prefix: S3 tells "no such state yet" from "forbidden" only to who may list the bucket as a whole.
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = local.state
      },
      {
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = ["${local.state}/delivery/*", "${local.state}/environments/*"]
      },
      {
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = module.state.key_arn
      },
    ]

    artifacts = [
      {
        Effect = "Allow"
        Action = [
          "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:GetAccelerateConfiguration", "s3:GetBucketAcl",
          "s3:GetBucketCORS", "s3:GetBucketLogging", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls",
          "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging",
          "s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
          "s3:GetReplicationConfiguration", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketOwnershipControls",
          "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
          "s3:PutEncryptionConfiguration",
        ]
        Resource = local.artifacts
      },
      {
        # To empty the bucket before it is destroyed.
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        Resource = "${local.artifacts}/*"
      },
    ]

    images = [{
      Effect = "Allow"
      Action = [
        "ecr:BatchDeleteImage", "ecr:CreateRepository", "ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository",
        "ecr:DeleteRepositoryPolicy", "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy",
        "ecr:ListImages", "ecr:ListTagsForResource", "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability",
        "ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy", "ecr:TagResource", "ecr:UntagResource",
      ]
      Resource = "${local.arn.ecr}:repository/${local.name}"
    }]

    keys = [
      {
        # A key has no name to go by: its project is told by its tags, which creating it sets, so both are asked of `*`.
        Effect    = "Allow"
        Action    = ["kms:CreateKey", "kms:TagResource"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestTag/project" = local.name } }
      },
      {
        Effect = "Allow"
        Action = [
          "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:DescribeKey", "kms:EnableKeyRotation",
          "kms:GenerateDataKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:PutKeyPolicy",
          "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
        ]
        Resource = "${local.arn.kms}:key/*"
        Condition = {
          StringEquals    = { "aws:ResourceTag/project" = local.name }
          StringNotEquals = { "aws:ResourceTag/environment" = "bootstrap" }
        }
      },
      {
        Effect   = "Allow"
        Action   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
        Resource = "${local.arn.kms}:alias/${local.name}-*"
      },
      {
        # It lists all or none: the action knows no resource.
        Effect   = "Allow"
        Action   = "kms:ListAliases"
        Resource = "*"
      },
    ]

    roles = [
      {
        Effect = "Allow"
        Action = [
          "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:GetRole", "iam:GetRolePolicy",
          "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies", "iam:ListRoleTags",
          "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
        ]
        Resource = "${local.roles}-*"
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = "${local.roles}-*"
        Condition = { StringEquals = { "iam:PassedToService" = ["sagemaker.amazonaws.com", "states.amazonaws.com"] } }
      },
      {
        # It may not make itself mightier.
        Effect   = "Deny"
        Action   = ["iam:DeleteRole*", "iam:PassRole", "iam:PutRole*", "iam:TagRole", "iam:UntagRole", "iam:Update*"]
        Resource = "${local.roles}-deploy"
      },
    ]

    serving = [{
      Effect = "Allow"
      Action = [
        "sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:CreateEndpointConfig", "sagemaker:CreateModel",
        "sagemaker:CreateModelPackageGroup", "sagemaker:DeleteEndpoint", "sagemaker:DeleteEndpointConfig",
        "sagemaker:DeleteModel", "sagemaker:DeleteModelPackageGroup", "sagemaker:DeleteModelPackageGroupPolicy",
        "sagemaker:DeleteTags", "sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel",
        "sagemaker:DescribeModelPackageGroup", "sagemaker:GetModelPackageGroupPolicy", "sagemaker:ListTags",
        "sagemaker:PutModelPackageGroupPolicy", "sagemaker:UpdateEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities",
      ]
      Resource = concat(
        [for kind in ["endpoint", "endpoint-config", "model"] : "${local.arn.sagemaker}:${kind}/${local.name}-*"],
        ["${local.arn.sagemaker}:model-package-group/${local.name}"],
      )
    }]

    workflow = [
      {
        Effect = "Allow"
        Action = [
          "states:CreateStateMachine", "states:DeleteStateMachine", "states:DescribeStateMachine",
          "states:ListStateMachineVersions", "states:ListTagsForResource", "states:TagResource", "states:UntagResource",
          "states:UpdateStateMachine",
        ]
        Resource = "${local.arn.states}:stateMachine:${local.name}-*"
      },
      {
        # What is validated does not exist yet: the action knows no resource.
        Effect   = "Allow"
        Action   = "states:ValidateStateMachineDefinition"
        Resource = "*"
      },
    ]

    alarms = [
      {
        # Application Auto Scaling makes the alarms of target tracking in the name of whoever sets a policy.
        Effect = "Allow"
        Action = [
          "cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
          "cloudwatch:UntagResource",
        ]
        Resource = [for prefix in ["", "TargetTracking-endpoint/"] : "${local.arn.cloudwatch}:alarm:${prefix}${local.name}-*"]
      },
      {
        # It is a filter that names alarms in a description, not a resource.
        Effect   = "Allow"
        Action   = "cloudwatch:DescribeAlarms"
        Resource = "*"
      },
    ]

    scaling = [
      {
        Effect = "Allow"
        Action = [
          "application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeleteScheduledAction",
          "application-autoscaling:DeregisterScalableTarget", "application-autoscaling:ListTagsForResource",
          "application-autoscaling:PutScalingPolicy", "application-autoscaling:PutScheduledAction",
          "application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource",
          "application-autoscaling:UntagResource",
        ]
        Resource = "${local.arn["application-autoscaling"]}:scalable-target/*"
        # A target's ARN does not tell whose it is.
        Condition = { StringEqualsIfExists = { "application-autoscaling:service-namespace" = "sagemaker" } }
      },
      {
        # They list all or none: the actions know no resource.
        Effect = "Allow"
        Action = [
          "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies",
          "application-autoscaling:DescribeScheduledActions",
        ]
        Resource = "*"
      },
      {
        # The first target of an account makes the role by which Application Auto Scaling scales.
        Effect    = "Allow"
        Action    = "iam:CreateServiceLinkedRole"
        Resource  = "arn:aws:iam::${local.account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"
        Condition = { StringEquals = { "iam:AWSServiceName" = "sagemaker.application-autoscaling.amazonaws.com" } }
      },
    ]

    logs = [
      {
        Effect = "Allow"
        Action = [
          "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteMetricFilter",
          "logs:DescribeMetricFilters", "logs:DisassociateKmsKey", "logs:ListTagsForResource", "logs:PutMetricFilter",
          "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
        ]
        Resource = flatten([for folder in ["/aws/sagemaker/Endpoints", "/aws/vendedlogs/states"] :
          [for end in ["", ":*"] : "${local.arn.logs}:log-group:${folder}/${local.name}-*${end}"]
        ])
      },
      {
        # It lists all or none: the action knows no resource.
        Effect   = "Allow"
        Action   = "logs:DescribeLogGroups"
        Resource = "*"
      },
    ]
  }
}
