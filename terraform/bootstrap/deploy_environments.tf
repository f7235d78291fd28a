locals {
  deploy_environments = [
    {
      Effect = "Allow"
      Action = [
        "sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:CreateEndpointConfig", "sagemaker:CreateModel",
        "sagemaker:DeleteEndpoint", "sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel", "sagemaker:DeleteTags",
        "sagemaker:UpdateEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities",
      ]
      Resource = [for kind in ["endpoint", "endpoint-config", "model"] : "${local.arn.sagemaker}:${kind}/${local.name}-*"]
    },
    {
      Effect = "Allow"
      Action = [
        "states:CreateStateMachine", "states:DeleteStateMachine", "states:TagResource", "states:UntagResource",
        "states:UpdateStateMachine",
      ]
      Resource = "${local.arn.states}:stateMachine:${local.name}-*"
    },
    {
      # Application Auto Scaling makes the alarms of target tracking in the name of whoever sets a policy.
      Effect   = "Allow"
      Action   = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"]
      Resource = [for prefix in ["", "TargetTracking-endpoint/"] : "${local.arn.cloudwatch}:alarm:${prefix}${local.name}-*"]
    },
    {
      Effect = "Allow"
      Action = [
        "application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeleteScheduledAction",
        "application-autoscaling:DeregisterScalableTarget", "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:PutScheduledAction", "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:TagResource", "application-autoscaling:UntagResource",
      ]
      Resource = "${local.arn["application-autoscaling"]}:scalable-target/*"
      # A target's ARN does not tell whose it is.
      Condition = { StringEqualsIfExists = { "application-autoscaling:service-namespace" = "sagemaker" } }
    },
    {
      # The first target of an account makes the role by which Application Auto Scaling scales.
      Effect    = "Allow"
      Action    = "iam:CreateServiceLinkedRole"
      Resource  = "arn:aws:iam::${local.account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"
      Condition = { StringEquals = { "iam:AWSServiceName" = "sagemaker.application-autoscaling.amazonaws.com" } }
    },
    {
      # Topics that tell of asynchronous answers.
      Effect   = "Allow"
      Action   = ["sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"]
      Resource = [for end in ["error", "success"] : "${local.arn.sns}:${local.name}-*-${end}"]
    },
    {
      Effect = "Allow"
      Action = [
        "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteMetricFilter",
        "logs:DisassociateKmsKey", "logs:PutMetricFilter", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
      ]
      Resource = local.log_groups
    },
  ]

  log_groups = flatten([for folder in ["/aws/codebuild", "/aws/lambda", "/aws/sagemaker/Endpoints", "/aws/vendedlogs/apis", "/aws/vendedlogs/states"] :
    [for end in ["", ":*"] : "${local.arn.logs}:log-group:${folder}/${local.name}-*${end}"]
  ])
}
