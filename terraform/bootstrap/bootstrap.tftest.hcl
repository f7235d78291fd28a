mock_provider "aws" {
  source = "../testing"
}

run "the_deploy_role_does_what_it_names_and_never_everything" {
  assert {
    condition = alltrue(flatten([for policy in concat(values(aws_iam_policy.deploy), values(aws_iam_policy.read)) : [for statement in jsondecode(policy.policy).Statement :
      [for action in flatten([statement.Action]) : !endswith(action, "*")] if statement.Effect == "Allow"
    ]]))
    error_message = "Every allowed action is named in full."
  }
}

run "a_star_stands_only_where_an_action_knows_no_resource" {
  assert {
    condition = toset(flatten([for policy in concat(values(aws_iam_policy.deploy), values(aws_iam_policy.read)) : [for statement in jsondecode(policy.policy).Statement :
      statement.Action if contains(flatten([statement.Resource]), "*")
      ]])) == toset([
      "kms:CreateKey", "kms:ListAliases", "logs:DescribeLogGroups", "states:ValidateStateMachineDefinition",
      "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies",
      "application-autoscaling:DescribeScheduledActions", "cloudwatch:DescribeAlarms",
      "codeconnections:CreateConnection", "codeconnections:ListConnections", "codeconnections:TagResource",
      "codedeploy:GetDeploymentTarget", "tag:GetResources",
      "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
      "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
    ])
    error_message = "All else names its resources."
  }
}

run "what_tells_its_project_by_tags_is_made_with_the_projects" {
  assert {
    condition = alltrue(flatten([for policy in aws_iam_policy.deploy : [for statement in jsondecode(policy.policy).Statement :
      statement.Condition.StringEquals["aws:RequestTag/project"] == local.name
      if contains(flatten([statement.Resource]), "*") && !strcontains(jsonencode(statement.Action), "LogDeliver") # it has no tags
    ]]))
    error_message = "Whatever the deploy role makes without a name of the project's has its tag."
  }
}

run "a_key_that_belongs_to_somebody_stays_theirs" {
  assert {
    condition = [for statement in jsondecode(aws_iam_policy.deploy["roles"].policy).Statement : statement.Condition
      if statement.Effect == "Allow" && contains(flatten([statement.Action]), "kms:TagResource")
      ] == [
      { StringEquals = { "aws:RequestTag/project" = local.name }, Null = { "aws:ResourceTag/project" = "true" } },
      { StringEquals = { "aws:ResourceTag/project" = local.name }, StringNotEquals = { "aws:ResourceTag/environment" = "bootstrap" } },
    ]
    error_message = "Tags are written onto new keys, and onto the project's own but the state's."
  }
}

run "roles_are_made_and_changed_with_the_boundary_only" {
  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_policy.deploy["roles"].policy).Statement :
      statement.Condition == { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.boundary.arn } }
      if statement.Effect == "Allow" && anytrue([for action in flatten([statement.Action]) :
        can(regex("^iam:(Create|Delete|Put|Update|Attach|Detach)", action))
      ])
    ])
    error_message = "No role without the boundary is within the deploy role's reach."
  }

  assert {
    condition = !anytrue(flatten([for policy in aws_iam_policy.deploy : [for statement in jsondecode(policy.policy).Statement :
      [for action in flatten([statement.Action]) : can(regex("^iam:.*(Polic(y|ies)|Boundary)", action)) && !contains(["iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:PutRolePermissionsBoundary"], action)] if statement.Effect == "Allow"
    ]]))
    error_message = "It has no managed policy to attach or to change, and takes no boundary away."
  }
}

run "neither_the_deploy_role_nor_the_plan_role_nor_the_boundary_is_the_deploy_roles_to_change" {
  assert {
    condition = anytrue([for statement in jsondecode(aws_iam_policy.deploy["roles"].policy).Statement :
      statement.Effect == "Deny"
      && length(setsubtract(["iam:PutRole*", "iam:Update*", "iam:DeleteRole*", "iam:CreatePolicy*", "iam:SetDefaultPolicyVersion"], flatten([statement.Action]))) == 0
      && toset(flatten([statement.Resource])) == toset([
        "arn:aws:iam::${local.account}:role/${local.name}-deploy", "arn:aws:iam::${local.account}:role/${local.name}-plan", aws_iam_policy.boundary.arn,
      ])
    ])
    error_message = "Changing them is denied."
  }
}

run "the_deploy_role_passes_roles_to_the_services_that_get_one" {
  assert {
    condition = one([for statement in jsondecode(aws_iam_policy.deploy["roles"].policy).Statement :
      statement.Condition.StringEquals["iam:PassedToService"] if statement.Effect == "Allow" && try(statement.Action == "iam:PassRole", false)
    ]) == ["codebuild.amazonaws.com", "codedeploy.amazonaws.com", "codepipeline.amazonaws.com", "lambda.amazonaws.com", "sagemaker.amazonaws.com", "states.amazonaws.com"]
    error_message = "Roles go to the services of the project's modules."
  }
}

run "bootstraps_own_state_is_out_of_reach" {
  assert {
    condition = alltrue([for policy in [aws_iam_policy.deploy["delivery"].policy, aws_iam_policy.read["state"].policy] :
      !strcontains(policy, "/bootstrap/") && strcontains(policy, "${local.state}/environments/*") && !strcontains(policy, "${local.state}/*")
    ])
    error_message = "Objects of the state are those of delivery and of environments."
  }
}

run "every_policy_fits" {
  assert {
    condition     = alltrue([for policy in concat(values(aws_iam_policy.deploy), values(aws_iam_policy.read), [aws_iam_policy.boundary]) : length(policy.policy) <= 6144])
    error_message = "IAM allows 6144 characters for a managed policy; these have ${join(", ", [for policy in concat(values(aws_iam_policy.deploy), values(aws_iam_policy.read), [aws_iam_policy.boundary]) : "${policy.name} ${length(policy.policy)}"])}."
  }

  assert {
    condition     = length(aws_iam_role_policy_attachment.deploy) + length(aws_iam_role_policy_attachment.deploy_reads) <= 10
    error_message = "IAM attaches ten managed policies to a role."
  }
}

run "a_plan_changes_nothing" {
  assert {
    condition = alltrue(flatten([for policy in aws_iam_policy.read : [for statement in jsondecode(policy.policy).Statement :
      [for action in flatten([statement.Action]) : can(regex("^[a-z0-9-]+:(BatchGet|Describe|Get|List)", action)) || contains(["apigateway:GET", "kms:Decrypt", "states:ValidateStateMachineDefinition"], action)]
    ]]))
    error_message = "The plan role reads."
  }

  assert {
    condition     = toset(keys(aws_iam_role_policy_attachment.plan)) == toset(["api", "environments", "state"]) && length(aws_iam_role_policy.plan) == 0
    error_message = "It has what reads environments, and in one account nothing else."
  }
}

run "pull_requests_of_this_repository_and_two_builds_may_plan" {
  assert {
    condition = jsondecode(aws_iam_role.plan.assume_role_policy).Statement == [
      {
        Effect    = "Allow"
        Principal = { Federated = aws_iam_openid_connect_provider.github[0].arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = { StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:${local.project.repository}:pull_request"
        } }
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.account}:root" }
        Action    = "sts:AssumeRole"
        Condition = { ArnEquals = { "aws:PrincipalArn" = [
          "arn:aws:iam::${local.account}:role/${local.name}-build-plan", "arn:aws:iam::${local.account}:role/${local.name}-build-verify",
        ] } }
      },
    ]
    error_message = "Audience and subject are exact."
  }

  assert {
    condition     = !strcontains(aws_iam_role.deploy.assume_role_policy, "oidc-provider")
    error_message = "Nothing on GitHub becomes the deploy role."
  }
}

run "below_the_boundary_three_builds_become_another_role_and_nobody_changes_iam" {
  assert {
    condition = { for statement in jsondecode(aws_iam_policy.boundary.policy).Statement :
      statement.Resource => statement.Condition.ArnEquals["aws:PrincipalArn"] if statement.Action == "sts:AssumeRole"
      } == {
      "${local.roles}-plan"   = ["${local.roles}-build-plan", "${local.roles}-build-verify"]
      "${local.roles}-deploy" = ["${local.roles}-build-apply"]
    }
    error_message = "Who plans and verifies becomes the plan role, who applies the deploy role."
  }

  assert {
    condition = [for action in flatten([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Action]) :
      action if startswith(action, "iam:")
    ] == ["iam:PassRole"]
    error_message = "Of IAM the boundary holds passing the project's roles."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement :
      statement.Action if strcontains(jsonencode(statement.Resource), "tfstate")
    ] == ["s3:ListBucket"]
    error_message = "Below the boundary nobody reads the state."
  }
}

run "of_aws_own_images_those_of_sagemaker_are_pulled_and_nothing_else" {
  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement :
      statement if statement.Resource == "arn:aws:ecr:*:*:repository/sagemaker-*"
      ] == [{
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = "arn:aws:ecr:*:*:repository/sagemaker-*"
    }]
    error_message = "Script mode's images lie in accounts of AWS, which differ by region."
  }
}

run "below_the_boundary_a_star_stands_only_where_an_action_knows_no_resource" {
  assert {
    condition = flatten([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement :
      statement.Action if contains(flatten([statement.Resource]), "*")
      ]) == [
      "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:PutMetricData",
      "codedeploy:PutLifecycleEventHookExecutionStatus", "ecr:GetAuthorizationToken", "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
      "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ]
    error_message = "All else names its resources."
  }
}

run "the_state_lies_where_the_command_line_looks_for_it" {
  assert {
    condition     = output.state_bucket == "${local.name}-tfstate-${local.account}-${local.project.region}"
    error_message = "The bucket has the name that the command line looks for; got ${output.state_bucket}."
  }
}

run "an_account_that_the_project_does_not_have_is_refused" {
  command = plan

  variables {
    account = "999999999999"
  }

  expect_failures = [var.account]
}
