locals {
  account   = data.aws_caller_identity.current.account_id
  sagemaker = "arn:aws:sagemaker:${data.aws_region.current.id}:${local.account}"
  logs      = "arn:aws:logs:${data.aws_region.current.id}:${local.account}:log-group:/aws/sagemaker"
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

  # What every job needs beside its data: its image, its keys, its logs and metrics.
  job_statements = { for kind in ["Processing", "Training"] : kind => [
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
      Resource = ["${local.logs}/${kind}Jobs", "${local.logs}/${kind}Jobs:*"]
    },
    {
      Sid    = "Metrics"
      Effect = "Allow"
      Action = "cloudwatch:PutMetricData"
      # Metrics are no resources: the namespace is what can be named.
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/${kind}Jobs" } }
    },
  ] }
}

resource "aws_iam_role" "workflow" {
  name                 = "${var.name}-training-workflow"
  description          = "What the state machine ${var.name}-training may do."
  permissions_boundary = var.boundary_arn
  assume_role_policy   = local.trust.states
}

resource "aws_iam_role_policy" "workflow" {
  name = "orchestrate"
  role = aws_iam_role.workflow.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid    = "Jobs"
        Effect = "Allow"
        Action = [
          "sagemaker:AddTags",
          "sagemaker:CreateProcessingJob",
          "sagemaker:CreateTrainingJob",
          "sagemaker:DescribeProcessingJob",
          "sagemaker:DescribeTrainingJob",
          "sagemaker:ListTags",
          "sagemaker:StopProcessingJob",
          "sagemaker:StopTrainingJob",
        ]
        Resource = ["${local.sagemaker}:processing-job/${local.job_prefix}-*", "${local.sagemaker}:training-job/${local.job_prefix}-*"]
      },
      {
        Sid       = "JobRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [aws_iam_role.processing.arn, aws_iam_role.training.arn]
        Condition = { StringEquals = { "iam:PassedToService" = "sagemaker.amazonaws.com" } }
      },
      {
        Sid    = "JobEvents"
        Effect = "Allow"
        Action = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
        # Step Functions keeps these rules in every account, to hear of the end of jobs, and asks for all that a state
        # machine could wait for when it is made.
        Resource = [for kind in ["Processing", "Training", "Tuning"] :
          "arn:aws:events:${data.aws_region.current.id}:${local.account}:rule/StepFunctionsGetEventsForSageMaker${kind}JobsRule"
        ]
      },
      {
        Sid      = "Evaluation"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${local.bucket}/runs/*/evaluation/evaluation.json"
      },
      {
        Sid      = "EvaluationKey"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.artifacts.key_arn
      },
      {
        Sid    = "Register"
        Effect = "Allow"
        Action = "sagemaker:CreateModelPackage"
        Resource = [
          var.model_package_group_arn,
          "${replace(var.model_package_group_arn, ":model-package-group/", ":model-package/")}/*",
        ]
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
      ], [for statement in [{
        Sid       = "RawFiles"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.bucket
        Condition = { StringLike = { "s3:prefix" = "raw/*" } }
      }] : statement if var.jobs.processing.instance_count > 1
      ], [for statement in [
        {
          Sid    = "Search"
          Effect = "Allow"
          Action = [
            "sagemaker:AddTags",
            "sagemaker:CreateHyperParameterTuningJob",
            "sagemaker:DescribeHyperParameterTuningJob",
            "sagemaker:ListTags",
            "sagemaker:StopHyperParameterTuningJob",
          ]
          Resource = "${local.sagemaker}:hyper-parameter-tuning-job/${local.tuning_prefix}-*"
        },
        {
          Sid      = "SearchedJobs"
          Effect   = "Allow"
          Action   = "sagemaker:DescribeTrainingJob"
          Resource = "${local.sagemaker}:training-job/${local.tuning_prefix}-*"
        },
      ] : statement if var.jobs.training.tuning != null
    ])
  })
}

resource "aws_iam_role" "processing" {
  name                 = "${var.name}-processing"
  description          = "What the jobs that prepare and evaluate may do in ${var.name}."
  permissions_boundary = var.boundary_arn
  assume_role_policy   = local.trust.sagemaker
}

resource "aws_iam_role_policy" "processing" {
  name = "process"
  role = aws_iam_role.processing.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.job_statements.Processing, [
      {
        Sid       = "List"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.bucket
        Condition = { StringLike = { "s3:prefix" = ["raw/*", "runs/*"] } }
      },
      {
        Sid    = "Read"
        Effect = "Allow"
        Action = "s3:GetObject"
        Resource = [
          "${local.bucket}/raw/*",
          "${local.bucket}/runs/*/data/*",
          "${local.bucket}/runs/*/data-report/shards/*",
          "${local.bucket}/runs/*/model.tar.gz",
        ]
      },
      {
        Sid    = "Write"
        Effect = "Allow"
        Action = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = [
          "${local.bucket}/runs/*/data/*",
          "${local.bucket}/runs/*/data-report/*",
          "${local.bucket}/runs/*/evaluation/*",
        ]
      },
    ])
  })
}

resource "aws_iam_role" "training" {
  name                 = "${var.name}-training"
  description          = "What the jobs that train may do in ${var.name}."
  permissions_boundary = var.boundary_arn
  assume_role_policy   = local.trust.sagemaker
}

resource "aws_iam_role_policy" "training" {
  name = "train"
  role = aws_iam_role.training.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.job_statements.Training, [
      {
        Sid       = "List"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.bucket
        Condition = { StringLike = { "s3:prefix" = "runs/*" } }
      },
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = ["${local.bucket}/runs/*/data/*", "${local.bucket}/runs/*/checkpoints/*"]
      },
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = ["${local.bucket}/runs/*/model/*", "${local.bucket}/runs/*/checkpoints/*"]
      },
    ])
  })
}
