locals {
  store = "arn:aws:s3:::${var.artifacts.bucket}/${local.folder}"

  # What reads requests, writes answers and captures; an endpoint that does neither may do neither.
  mode_statements = concat(
    [for statement in [
      { Sid = "Requests", Effect = "Allow", Action = "s3:GetObject", Resource = "${local.store}/asynchronous/input/*" },
      {
        Sid      = "Answers"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = [for end in ["output", "failure"] : "${local.store}/asynchronous/${end}/*"]
      },
      { Sid = "AnswersKey", Effect = "Allow", Action = "kms:GenerateDataKey", Resource = var.artifacts.key_arn },
      { Sid = "Tell", Effect = "Allow", Action = "sns:Publish", Resource = [for topic in aws_sns_topic.this : topic.arn] },
      { Sid = "TellKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = var.key_arn },
    ] : statement if local.asynchronous != null],
    [for statement in [
      { Sid = "Capture", Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:PutObject"], Resource = "${local.store}/capture/*" },
      { Sid = "CaptureKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = var.key_arn },
    ] : statement if var.capture != null],
    # Beside the project's own, which the configuration before script mode runs.
    [for managed in local.managed[*] : {
      Sid      = "ManagedImage"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = "arn:aws:ecr:${managed.region}:${managed.account}:repository/${managed.repository}"
    }],
  )
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-endpoint"
  description          = "What the containers of the endpoint ${var.name} may do."
  permissions_boundary = var.boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "serve"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.mode_statements, [
      {
        Sid      = "Model"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:aws:s3:::${var.artifacts.bucket}/runs/*/model.tar.gz"
      },
      {
        Sid      = "ModelKey"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
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
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = [aws_cloudwatch_log_group.this.arn, "${aws_cloudwatch_log_group.this.arn}:*"]
      },
      {
        Sid    = "Metrics"
        Effect = "Allow"
        Action = "cloudwatch:PutMetricData"
        # Metrics are no resources: the namespace is what can be named.
        Resource  = "*"
        Condition = { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/Endpoints" } }
      },
      {
        Sid    = "Alarms"
        Effect = "Allow"
        Action = "cloudwatch:DescribeAlarms"
        # SageMaker looks at the alarms of a rollout as this role; it is a filter that names them, not a resource.
        Resource = "*"
      },
    ])
  })
}
