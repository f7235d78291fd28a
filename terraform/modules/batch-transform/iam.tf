locals {
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id
  sagemaker = "arn:aws:sagemaker:${local.region}:${local.account}"
  logs      = "arn:aws:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/TransformJobs"
  bucket    = "arn:aws:s3:::${var.artifacts.bucket}"

  trust = { for service in ["sagemaker", "states"] : service => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "${service}.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  }) }

  # Where input may lie beside the artifact store, as ARNs of objects.
  elsewhere = [for folder in sort(var.reads) : "arn:aws:s3:::${trimprefix(folder, "s3://")}*"]
}

resource "aws_iam_role" "workflow" {
  name                 = "${var.name}-batch-workflow"
  description          = "What the state machine ${var.name}-batch may do."
  permissions_boundary = var.boundary_arn
  assume_role_policy   = local.trust.states
}

resource "aws_iam_role_policy" "workflow" {
  name = "orchestrate"
  role = aws_iam_role.workflow.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Jobs"
        Effect = "Allow"
        Action = [
          "sagemaker:AddTags", "sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob", "sagemaker:ListTags",
          "sagemaker:StopTransformJob",
        ]
        Resource = "${local.sagemaker}:transform-job/${local.job_prefix}-*"
      },
      {
        Sid    = "JobEvents"
        Effect = "Allow"
        Action = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
        # Step Functions keeps this rule in every account, to hear of the end of jobs.
        Resource = "arn:aws:events:${local.region}:${local.account}:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"
      },
      {
        Sid    = "LogDelivery"
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery",
          "logs:DeleteLogDelivery",
          "logs:DescribeLogGroups",
          "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery",
          "logs:ListLogDeliveries",
          "logs:PutResourcePolicy",
          "logs:UpdateLogDelivery",
        ]
        # The vended logs' API knows no resources.
        Resource = "*"
      },
    ]
  })
}

resource "aws_iam_role" "job" {
  name                 = "${var.name}-batch"
  description          = "What the containers of the batch transform of ${var.name} may do."
  permissions_boundary = var.boundary_arn
  assume_role_policy   = local.trust.sagemaker
}

resource "aws_iam_role_policy" "job" {
  name = "transform"
  role = aws_iam_role.job.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([for statement in [
      { Sid = "Elsewhere", Effect = "Allow", Action = "s3:GetObject", Resource = local.elsewhere },
      {
        Sid      = "ListElsewhere"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = distinct([for folder in local.elsewhere : split("/", folder)[0]])
        Condition = { StringLike = { "s3:prefix" = [
          for folder in sort(var.reads) : "${join("/", slice(split("/", folder), 3, length(split("/", folder))))}*"
        ] } }
      },
      ] : statement if length(var.reads) > 0], [
      {
        Sid       = "List"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.bucket
        Condition = { StringLike = { "s3:prefix" = ["runs/*", "${local.folder}/*"] } }
      },
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = ["${local.bucket}/runs/*/model.tar.gz", "${local.bucket}/runs/*/data/*", "${local.bucket}/${local.folder}/*"]
      },
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = "${local.bucket}/${local.folder}/*"
      },
      {
        Sid      = "ArtifactKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.artifacts.key_arn
      },
      {
        Sid       = "VolumeKey"
        Effect    = "Allow"
        Action    = "kms:CreateGrant"
        Resource  = var.key_arn
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
      {
        Sid      = "Image"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = var.image_repository_arn
      },
      {
        Sid    = "Registry"
        Effect = "Allow"
        Action = "ecr:GetAuthorizationToken"
        # A token is for the whole registry: the action knows no resource.
        Resource = "*"
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = [local.logs, "${local.logs}:*"]
      },
      {
        Sid    = "Metrics"
        Effect = "Allow"
        Action = "cloudwatch:PutMetricData"
        # Metrics are no resources: the namespace is what can be named.
        Resource  = "*"
        Condition = { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/TransformJobs" } }
      },
    ])
  })
}
