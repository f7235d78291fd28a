locals {
  deploy_pipelines = [
    {
      Effect   = "Allow"
      Action   = ["codebuild:CreateProject", "codebuild:DeleteProject", "codebuild:UpdateProject"]
      Resource = "${local.arn.codebuild}:project/${local.name}-*"
    },
    {
      Effect   = "Allow"
      Action   = ["codebuild:CreateReportGroup", "codebuild:DeleteReportGroup", "codebuild:UpdateReportGroup"]
      Resource = "${local.arn.codebuild}:report-group/${local.name}-*"
    },
    {
      Effect = "Allow"
      Action = [
        "codepipeline:CreatePipeline", "codepipeline:DeletePipeline", "codepipeline:TagResource", "codepipeline:UntagResource",
        "codepipeline:UpdatePipeline",
      ]
      Resource = "${local.arn.codepipeline}:${local.name}-*"
    },
    {
      # Its ARN ends in an identifier that AWS chooses, and creating it knows no resource: the tag tells whose it is.
      Effect    = "Allow"
      Action    = ["codeconnections:CreateConnection", "codeconnections:TagResource"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestTag/project" = local.name } }
    },
    {
      Effect = "Allow"
      Action = [
        "codeconnections:DeleteConnection", "codeconnections:PassConnection", "codeconnections:TagResource",
        "codeconnections:UntagResource",
      ]
      Resource  = "${local.arn.codeconnections}:connection/*"
      Condition = { StringEquals = { "aws:ResourceTag/project" = local.name } }
    },
    {
      Effect   = "Allow"
      Action   = ["sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"]
      Resource = "${local.arn.sns}:${local.name}-*"
    },
    {
      Effect = "Allow"
      Action = [
        "events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource",
        "events:UntagResource",
      ]
      Resource = "${local.arn.events}:rule/${local.name}-*"
    },
  ]
}
