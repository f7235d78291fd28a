locals {
  functions   = [for end in ["", ":*"] : "${local.arn.lambda}:function:${local.name}-*${end}"]
  deployments = [for kind in ["application", "deploymentconfig", "deploymentgroup"] : "${local.arn.codedeploy}:${kind}:${local.name}-*"]

  # An API's ARN has an id that AWS gives, no name.
  apis = [for path in ["apis", "apis/*"] : "arn:aws:apigateway:${local.project.region}::/${path}"]

  deploy_api = [
    {
      Effect = "Allow"
      Action = [
        "lambda:AddPermission", "lambda:CreateAlias", "lambda:CreateFunction", "lambda:DeleteAlias", "lambda:DeleteFunction",
        "lambda:PublishVersion", "lambda:RemovePermission", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateAlias",
        "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
      ]
      Resource = local.functions
    },
    {
      Effect   = "Allow"
      Action   = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:TagResource", "apigateway:UntagResource"]
      Resource = concat(local.apis, ["arn:aws:apigateway:${local.project.region}::/tags/*"])
    },
    {
      # Terraform makes what a deployment needs; fairway begins it.
      Effect = "Allow"
      Action = [
        "codedeploy:CreateApplication", "codedeploy:CreateDeployment", "codedeploy:CreateDeploymentConfig",
        "codedeploy:CreateDeploymentGroup", "codedeploy:DeleteApplication", "codedeploy:DeleteDeploymentConfig",
        "codedeploy:DeleteDeploymentGroup", "codedeploy:RegisterApplicationRevision", "codedeploy:TagResource",
        "codedeploy:UntagResource", "codedeploy:UpdateDeploymentGroup",
      ]
      Resource = local.deployments
    },
    {
      # What the hook said of a version that it refused.
      Effect   = "Allow"
      Action   = "logs:FilterLogEvents"
      Resource = [for end in ["", ":*"] : "${local.arn.logs}:log-group:/aws/lambda/${local.name}-*${end}"]
    },
    {
      # API Gateway's logs are delivered in the name of whoever sets up a stage: the actions know no resource.
      Effect = "Allow"
      Action = [
        "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
        "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
      ]
      Resource = "*"
    },
    {
      # The first API of an account with logs makes the role by which API Gateway writes them.
      Effect    = "Allow"
      Action    = "iam:CreateServiceLinkedRole"
      Resource  = "arn:aws:iam::${local.account}:role/aws-service-role/ops.apigateway.amazonaws.com/*"
      Condition = { StringEquals = { "iam:AWSServiceName" = "ops.apigateway.amazonaws.com" } }
    },
  ]

  read_api = [
    {
      Effect = "Allow"
      Action = [
        "lambda:GetAlias", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConfiguration",
        "lambda:GetPolicy", "lambda:ListTags", "lambda:ListVersionsByFunction",
      ]
      Resource = local.functions
    },
    {
      Effect   = "Allow"
      Action   = "apigateway:GET"
      Resource = local.apis
    },
    {
      Effect = "Allow"
      Action = [
        "codedeploy:GetApplication", "codedeploy:GetDeployment", "codedeploy:GetDeploymentConfig", "codedeploy:GetDeploymentGroup",
        "codedeploy:ListDeployments", "codedeploy:ListTagsForResource",
      ]
      Resource = concat(local.deployments, ["${local.arn.codedeploy}:deploymentconfig:CodeDeployDefault.*"])
    },
    {
      # The action knows no resource.
      Effect   = "Allow"
      Action   = "codedeploy:GetDeploymentTarget"
      Resource = "*"
    },
  ]
}
