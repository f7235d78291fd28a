# Elsewhere: what people at home, and what runs there, do in an environment beside Terraform. See docs/adr.
resource "aws_iam_role" "operate" {
  count = local.at_home ? 0 : 1

  name        = "${local.name}-operate"
  description = "Looks at the environments of ${local.name}, asks their endpoints and starts their training."

  # Whom at home a policy lets: it is there that people and builds are known.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${local.home}:root" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "operate" {
  count = local.at_home ? 0 : 1

  name = "operate"
  role = aws_iam_role.operate[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel", "sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"]
        Resource = [for kind in ["endpoint", "endpoint-config", "model"] : "${local.arn.sagemaker}:${kind}/${local.name}-*"]
      },
      {
        Effect   = "Allow"
        Action   = "cloudwatch:DescribeAlarmHistory"
        Resource = "${local.arn.cloudwatch}:alarm:${local.name}-*"
      },
      {
        # It is a filter that names alarms in a description, not a resource.
        Effect   = "Allow"
        Action   = "cloudwatch:DescribeAlarms"
        Resource = "*"
      },
      {
        Effect   = "Allow"
        Action   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
        Resource = [for end in ["", ":*"] : "${local.arn.logs}:log-group:/aws/sagemaker/Endpoints/${local.name}-*${end}"]
      },
      {
        # What a training says of itself while somebody waits for it: the group is the account's, the streams the project's.
        Effect   = "Allow"
        Action   = "logs:DescribeLogStreams"
        Resource = [for end in ["", ":*"] : "${local.arn.logs}:log-group:/aws/sagemaker/TrainingJobs${end}"]
      },
      {
        Effect   = "Allow"
        Action   = "logs:GetLogEvents"
        Resource = "${local.arn.logs}:log-group:/aws/sagemaker/TrainingJobs:log-stream:${local.name}-*"
      },
      {
        Effect   = "Allow"
        Action   = "sagemaker:DescribeHyperParameterTuningJob"
        Resource = "${local.arn.sagemaker}:hyper-parameter-tuning-job/${local.name}-*"
      },
      {
        Effect   = "Allow"
        Action   = ["states:DescribeExecution", "states:GetExecutionHistory", "states:StartExecution", "states:StopExecution"]
        Resource = [for kind in ["stateMachine", "execution"] : "${local.arn.states}:${kind}:${local.name}-*"]
      },
    ]
  })
}
