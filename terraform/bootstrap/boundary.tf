locals {
  # Roles of environments in accounts of their own read and write what lies at home.
  accounts = distinct([local.account, local.home])

  # By service, not by action: this is a ceiling, and what a role may do below it is said where the role is.
  bounded_services = {
    cloudwatch     = ["alarm:${local.name}-*"]
    codebuild      = ["project/${local.name}-*", "report-group/${local.name}-*"]
    codedeploy     = ["application:${local.name}-*", "deploymentgroup:${local.name}-*", "deploymentconfig:*"]
    ecr            = ["repository/${local.name}"]
    events         = ["event-bus/default", "rule/${local.name}-*", "rule/StepFunctionsGetEvents*"]
    lambda         = ["function:${local.name}-*"]
    logs           = ["log-group:/aws/*"]
    sagemaker      = ["*/${local.name}", "*/${local.name}-*", "model-package/${local.name}/*"]
    secretsmanager = ["secret:${local.name}/*"]
    sns            = ["${local.name}-*"]
    ssm            = ["parameter/${local.name}/*"]
    states         = ["*:${local.name}-*"]
  }
}

# The most that a role may do which the deploy role creates, whatever its own policies say.
resource "aws_iam_policy" "boundary" {
  #checkov:skip=CKV_AWS_286:A boundary grants nothing: it passes and assumes the project's own roles only, which it bounds too
  #checkov:skip=CKV_AWS_287:A boundary grants nothing, and the secrets and parameters in it are the project's
  #checkov:skip=CKV_AWS_288:A boundary grants nothing, and the data in it is the project's
  #checkov:skip=CKV_AWS_289:A boundary grants nothing; changing IAM is not within it
  #checkov:skip=CKV_AWS_290:A boundary grants nothing; only what knows no resource stands without one
  #checkov:skip=CKV_AWS_355:A boundary grants nothing; only what knows no resource stands without one
  name        = "${local.name}-boundary"
  description = "The most that a role of ${local.name} may do, whatever its own policies say."

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(length(local.others) == 0 ? [] : [{
      # Into another account only to operate: what changes it is for the build that applies.
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = [for account in local.others : "arn:aws:iam::${account}:role/${local.name}-operate"]
      }], [
      {
        Effect = "Allow"
        Action = [for service in keys(local.bounded_services) : "${service}:*"]
        Resource = flatten([for service, names in local.bounded_services :
          [for account in local.accounts : [for name in names : "arn:aws:${service}:*:${account}:${name}"]]
        ])
      },
      {
        # SageMaker's managed images, for script mode: they lie in accounts of AWS, other ones in each region.
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = "arn:aws:ecr:*:*:repository/sagemaker-*"
      },
      {
        # The actions know no resource.
        Effect = "Allow"
        Action = [
          "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:PutMetricData",
          "codedeploy:PutLifecycleEventHookExecutionStatus", "ecr:GetAuthorizationToken",
          "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
          "xray:PutTelemetryRecords", "xray:PutTraceSegments",
        ]
        Resource = "*"
      },
      {
        Effect = "Allow"
        Action = [
          "s3:AbortMultipartUpload", "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:GetObject",
          "s3:GetObjectVersion", "s3:ListBucket", "s3:ListMultipartUploadParts", "s3:PutObject",
        ]
        Resource = flatten([for kind in ["artifacts", "pipelines"] :
          [for end in ["", "/*"] : "arn:aws:s3:::${local.name}-${kind}-${local.home}-${local.project.region}${end}"]
        ])
      },
      {
        Effect   = "Allow"
        Action   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncrypt*"]
        Resource = [for account in local.accounts : "arn:aws:kms:*:${account}:key/*"]
      },
      {
        Effect   = "Allow"
        Action   = ["codeconnections:GetConnection", "codeconnections:UseConnection"]
        Resource = "${local.arn.codeconnections}:connection/*"
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = "${local.roles}-*"
        Condition = { StringEquals = { "iam:PassedToService" = "sagemaker.amazonaws.com" } }
      },
      {
        # Whether there is a state; what it holds is for the two roles below.
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = "arn:aws:s3:::${local.name}-tfstate-${local.home}-${local.project.region}"
      },
      {
        # Three builds leave their boundary: those that plan and verify, to read, and the one that applies, to deploy.
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Resource  = "${local.roles}-plan"
        Condition = { ArnEquals = { "aws:PrincipalArn" = local.planners } }
      },
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Resource  = "${local.roles}-deploy"
        Condition = { ArnEquals = { "aws:PrincipalArn" = ["${local.roles}-build-apply"] } }
      },
    ])
  })
}
