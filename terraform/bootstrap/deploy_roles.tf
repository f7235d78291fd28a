locals {
  # Roles, and the keys that they use: what could make its holder mightier than it is.
  deploy_roles = [
    {
      # Whatever is written into such a role, it does no more than the boundary allows; a role without it is out of reach.
      Effect = "Allow"
      Action = [
        "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
      ]
      Resource  = "${local.roles}-*"
      Condition = { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.boundary.arn } }
    },
    {
      Effect   = "Allow"
      Action   = ["iam:ListInstanceProfilesForRole", "iam:TagRole", "iam:UntagRole"]
      Resource = "${local.roles}-*"
    },
    {
      Effect   = "Allow"
      Action   = "iam:PassRole"
      Resource = "${local.roles}-*"
      Condition = { StringEquals = { "iam:PassedToService" = [
        "codebuild.amazonaws.com", "codedeploy.amazonaws.com", "codepipeline.amazonaws.com", "lambda.amazonaws.com",
        "sagemaker.amazonaws.com", "states.amazonaws.com",
      ] } }
    },
    {
      # It may make neither itself mightier, nor what bounds the others, nor the role that pull requests get.
      Effect = "Deny"
      Action = [
        "iam:Attach*", "iam:CreatePolicy*", "iam:DeletePolicy*", "iam:DeleteRole*", "iam:Detach*", "iam:PassRole", "iam:PutRole*",
        "iam:SetDefaultPolicyVersion", "iam:TagRole", "iam:UntagRole", "iam:Update*",
      ]
      Resource = ["${local.roles}-deploy", "${local.roles}-plan", aws_iam_policy.boundary.arn]
    },
    {
      # A key has no name to go by: its project is told by its tags, which creating it sets. The action knows no resource.
      Effect    = "Allow"
      Action    = "kms:CreateKey"
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestTag/project" = local.name } }
    },
    {
      # A new key has no tags yet. One that has belongs to somebody, and stays theirs.
      Effect   = "Allow"
      Action   = "kms:TagResource"
      Resource = "${local.arn.kms}:key/*"
      Condition = {
        StringEquals = { "aws:RequestTag/project" = local.name }
        Null         = { "aws:ResourceTag/project" = "true" }
      }
    },
    {
      Effect = "Allow"
      Action = [
        "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:EnableKeyRotation",
        "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
        "kms:UpdateKeyDescription",
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
  ]
}
