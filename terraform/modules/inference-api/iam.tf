locals {
  group   = "arn:aws:codedeploy:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:deploymentgroup:${var.name}-api/live"
  account = data.aws_caller_identity.current.account_id

  # By name and not by reference: the functions wait for their roles' policies.
  function_arns = { for key in keys(local.functions) :
    key => "arn:aws:lambda:${data.aws_region.current.id}:${local.account}:function:${var.name}-${key}"
  }

  # What both functions read: the release's package, and the file that its evaluation recorded.
  recorded = [
    {
      Sid      = "Package"
      Effect   = "Allow"
      Action   = "sagemaker:DescribeModelPackage"
      Resource = var.release.model_package_arn
    },
    {
      Sid      = "Golden"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "arn:aws:s3:::${var.artifacts.bucket}/runs/*/golden.json"
    },
    {
      Sid      = "GoldenKey"
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = var.artifacts.key_arn
    },
    {
      Sid      = "EnvironmentKey"
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = var.key_arn
    },
    {
      Sid    = "Traces"
      Effect = "Allow"
      Action = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      # Traces are no resources.
      Resource = "*"
    },
  ]

  own = {
    api = [
      {
        Sid      = "Endpoint"
        Effect   = "Allow"
        Action   = "sagemaker:InvokeEndpoint"
        Resource = "arn:aws:sagemaker:${data.aws_region.current.id}:${local.account}:endpoint/${lower(var.endpoint_name)}"
      },
    ]
    api-check = [
      {
        Sid      = "Version"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = "${local.function_arns.api}:*"
      },
      {
        Sid      = "Deployment"
        Effect   = "Allow"
        Action   = "codedeploy:GetDeployment"
        Resource = local.group
      },
      {
        Sid    = "Verdict"
        Effect = "Allow"
        Action = "codedeploy:PutLifecycleEventHookExecutionStatus"
        # The action knows no resource.
        Resource = "*"
      },
    ]
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name                 = "${var.name}-${each.key}"
  permissions_boundary = var.boundary_arn
  description          = "What the function ${var.name}-${each.key} may do."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = "run"
  role = aws_iam_role.function[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.own[each.key], local.recorded, [{
      Sid      = "Logs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.function[each.key].arn}:*"
    }])
  })
}

resource "aws_iam_role" "shift" {
  name                 = "${var.name}-api-shift"
  permissions_boundary = var.boundary_arn
  description          = "What CodeDeploy may do to shift the versions of ${var.name}-api."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "codedeploy.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "shift" {
  name = "shift"
  role = aws_iam_role.shift.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Alias"
        Effect   = "Allow"
        Action   = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
        Resource = [local.function_arns.api, "${local.function_arns.api}:*"]
      },
      {
        Sid      = "Hook"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = local.function_arns.api-check
      },
      {
        Sid    = "Alarms"
        Effect = "Allow"
        Action = "cloudwatch:DescribeAlarms"
        # It is a filter that names alarms in a description, not a resource.
        Resource = "*"
      },
    ]
  })
}
