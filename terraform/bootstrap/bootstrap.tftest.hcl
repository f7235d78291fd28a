mock_provider "aws" {
  source = "../testing"
}

run "the_deploy_role_does_what_it_names_and_never_everything" {
  assert {
    condition = alltrue(flatten([for policy in aws_iam_role_policy.deploy : [for statement in jsondecode(policy.policy).Statement :
      [for action in flatten([statement.Action]) : !endswith(action, "*")] if statement.Effect == "Allow"
    ]]))
    error_message = "Every allowed action is named in full."
  }
}

run "a_star_stands_only_where_an_action_knows_no_resource" {
  assert {
    condition = toset(flatten([for policy in aws_iam_role_policy.deploy : [for statement in jsondecode(policy.policy).Statement :
      statement.Action if statement.Resource == "*"
      ]])) == toset([
      "kms:CreateKey", "kms:TagResource", "kms:ListAliases", "logs:DescribeLogGroups", "states:ValidateStateMachineDefinition",
      "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies",
      "application-autoscaling:DescribeScheduledActions", "cloudwatch:DescribeAlarms",
    ])
    error_message = "All else names its resources."
  }
}

run "the_deploy_role_cannot_make_itself_mightier" {
  assert {
    condition = anytrue([for statement in jsondecode(aws_iam_role_policy.deploy["roles"].policy).Statement :
      statement.Effect == "Deny" && contains(flatten([statement.Action]), "iam:PutRole*") && endswith(statement.Resource, "role/${local.name}-deploy")
    ])
    error_message = "Changing the deploy role itself is denied."
  }
}

run "the_deploy_role_passes_roles_to_two_services_only" {
  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.deploy["roles"].policy).Statement :
      statement.Condition.StringEquals["iam:PassedToService"] if statement.Effect == "Allow" && try(statement.Action == "iam:PassRole", false)
    ]) == ["sagemaker.amazonaws.com", "states.amazonaws.com"]
    error_message = "Roles go to SageMaker and Step Functions."
  }
}

run "bootstraps_own_state_is_out_of_the_deploy_roles_reach" {
  assert {
    condition     = !strcontains(aws_iam_role_policy.deploy["state"].policy, "bootstrap") && strcontains(aws_iam_role_policy.deploy["state"].policy, "/environments/*")
    error_message = "The deploy role reads and writes the state of delivery and of environments."
  }
}

run "all_statements_fit_into_a_role" {
  assert {
    condition     = sum([for policy in aws_iam_role_policy.deploy : length(policy.policy)]) <= 10240
    error_message = "IAM allows 10240 characters for all inline policies of a role; these have ${sum([for policy in aws_iam_role_policy.deploy : length(policy.policy)])}."
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
