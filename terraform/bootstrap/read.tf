locals {
  # What a plan reads. That of an environment is made by the plan role, which has nothing else; that of delivery by the deploy
  # role, which has it all.
  read_statements = { for noun, statements in {
    api          = local.read_api
    delivery     = local.read_delivery
    environments = local.read_environments
    state        = local.read_state
  } : noun => statements if local.at_home || !contains(["delivery", "state"], noun) }

  read_environments = [
    {
      # They list all or none: the actions know no resource. What is validated does not exist yet.
      Effect = "Allow"
      Action = [
        "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions", "cloudwatch:DescribeAlarms", "kms:ListAliases",
        "logs:DescribeLogGroups", "states:ValidateStateMachineDefinition", "tag:GetResources",
      ]
      Resource = "*"
    },
    {
      Effect = "Allow"
      Action = [
        "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies",
      ]
      Resource = "${local.roles}-*"
    },
    {
      Effect    = "Allow"
      Action    = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]
      Resource  = "${local.arn.kms}:key/*"
      Condition = { StringEquals = { "aws:ResourceTag/project" = local.name } }
    },
    {
      Effect   = "Allow"
      Action   = ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel", "sagemaker:ListTags"]
      Resource = [for kind in ["endpoint", "endpoint-config", "model"] : "${local.arn.sagemaker}:${kind}/${local.name}-*"]
    },
    {
      Effect   = "Allow"
      Action   = ["states:DescribeStateMachine", "states:ListStateMachineVersions", "states:ListTagsForResource"]
      Resource = "${local.arn.states}:stateMachine:${local.name}-*"
    },
    {
      Effect   = "Allow"
      Action   = "cloudwatch:ListTagsForResource"
      Resource = "${local.arn.cloudwatch}:alarm:${local.name}-*"
    },
    {
      # A target's ARN does not tell whose it is.
      Effect   = "Allow"
      Action   = "application-autoscaling:ListTagsForResource"
      Resource = "${local.arn["application-autoscaling"]}:scalable-target/*"
    },
    {
      Effect   = "Allow"
      Action   = ["sns:GetTopicAttributes", "sns:ListTagsForResource"]
      Resource = [for end in ["error", "success"] : "${local.arn.sns}:${local.name}-*-${end}"]
    },
    {
      Effect   = "Allow"
      Action   = ["logs:DescribeMetricFilters", "logs:ListTagsForResource"]
      Resource = local.log_groups
    },
  ]

  read_state = [
    {
      # Not by prefix: S3 tells "no such state yet" from "forbidden" only to who may list the bucket as a whole.
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = local.state
    },
    {
      # The state, and the artifacts whose bytes are compared with what a release pins.
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = ["${local.state}/delivery/*", "${local.state}/environments/*", "${local.artifacts}/runs/*"]
    },
    {
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = "${local.arn.kms}:key/*"
      Condition = { StringEquals = {
        "aws:ResourceTag/project" = local.name
        "kms:ViaService"          = "s3.${local.project.region}.amazonaws.com"
      } }
    },
  ]

  read_delivery = [
    {
      Effect = "Allow"
      Action = [
        "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
        "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration", "s3:ListBucket",
      ]
      Resource = [local.artifacts, local.pipelines]
    },
    {
      Effect = "Allow"
      Action = [
        "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource",
      ]
      Resource = "${local.arn.ecr}:repository/${local.name}"
    },
    {
      Effect   = "Allow"
      Action   = ["sagemaker:DescribeModelPackageGroup", "sagemaker:GetModelPackageGroupPolicy", "sagemaker:ListTags"]
      Resource = "${local.arn.sagemaker}:model-package-group/${local.name}"
    },
    {
      Effect   = "Allow"
      Action   = "codebuild:BatchGetProjects"
      Resource = "${local.arn.codebuild}:project/${local.name}-*"
    },
    {
      Effect   = "Allow"
      Action   = "codebuild:BatchGetReportGroups"
      Resource = "${local.arn.codebuild}:report-group/${local.name}-*"
    },
    {
      Effect   = "Allow"
      Action   = ["codepipeline:GetPipeline", "codepipeline:ListTagsForResource"]
      Resource = "${local.arn.codepipeline}:${local.name}-*"
    },
    {
      # It lists all or none: the action knows no resource.
      Effect   = "Allow"
      Action   = "codeconnections:ListConnections"
      Resource = "*"
    },
    {
      # Without the project's tag: one that was deleted has none, and must be found to be gone.
      Effect   = "Allow"
      Action   = ["codeconnections:GetConnection", "codeconnections:ListTagsForResource"]
      Resource = "${local.arn.codeconnections}:connection/*"
    },
    {
      Effect   = "Allow"
      Action   = ["sns:GetTopicAttributes", "sns:ListTagsForResource"]
      Resource = "${local.arn.sns}:${local.name}-*"
    },
    {
      Effect   = "Allow"
      Action   = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"]
      Resource = "${local.arn.events}:rule/${local.name}-*"
    },
  ]
}

resource "aws_iam_policy" "read" {
  for_each = local.read_statements

  name        = "${local.name}-read-${each.key}"
  description = "What a plan reads of the ${each.key} of ${local.name}."
  policy      = jsonencode({ Version = "2012-10-17", Statement = each.value })
}
