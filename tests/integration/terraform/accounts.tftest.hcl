mock_provider "aws" {
  source = "../testing"
}

run "at_home_the_roles_enter_the_other_account" {
  assert {
    condition     = jsondecode(aws_iam_policy.deploy["delivery"].policy).Statement[0].Resource == ["arn:aws:iam::222222222222:role/flights-deploy", "arn:aws:iam::222222222222:role/flights-operate"]
    error_message = "The deploy role may assume its like in the account of prod, and the role that operates there."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.plan[0].policy).Statement[0].Resource == ["arn:aws:iam::222222222222:role/flights-plan"]
    error_message = "The plan role may assume its like in the account of prod."
  }
}

run "at_home_nobody_operates_and_the_other_account_keeps_its_bootstrap_state" {
  assert {
    condition     = length(aws_iam_role.operate) == 0
    error_message = "At home people and builds have policies of their own."
  }

  assert {
    condition     = one(module.state[*].bucket) == "flights-tfstate-111111111111-us-east-1" && local.others == toset(["222222222222"])
    error_message = "The bucket of the state is at home, and the account of prod is its tenant."
  }
}

run "elsewhere_is_operated_from_home_and_no_bucket_made" {
  variables {
    account = "222222222222"
  }

  assert {
    condition     = one(jsondecode(aws_iam_role.operate[0].assume_role_policy).Statement).Principal.AWS == "arn:aws:iam::111111111111:root"
    error_message = "Home says who operates."
  }

  assert {
    condition = alltrue([for action in flatten([for statement in jsondecode(aws_iam_role_policy.operate[0].policy).Statement : statement.Action]) :
      can(regex(":(Describe|Get|Filter|Invoke|StartExecution|StopExecution)", action))
    ])
    error_message = "Who operates looks, asks and starts or stops training: it changes nothing that Terraform made."
  }

  assert {
    condition     = length(module.state) == 0 && output.state_bucket == "flights-tfstate-111111111111-us-east-1"
    error_message = "The state is at home."
  }
}

run "elsewhere_homes_roles_alone_enter_and_what_is_shared_is_out_of_reach" {
  variables {
    account = "222222222222"
  }

  assert {
    condition     = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement[0].Principal.AWS == "arn:aws:iam::111111111111:role/flights-deploy"
    error_message = "The trust names the deploy role at home."
  }

  assert {
    condition     = one(jsondecode(aws_iam_role.plan.assume_role_policy).Statement).Principal.AWS == "arn:aws:iam::111111111111:role/flights-plan" && length(aws_iam_openid_connect_provider.github) == 0
    error_message = "The trust names the plan role at home, and GitHub is known at home only."
  }

  assert {
    condition     = toset(concat(keys(aws_iam_policy.deploy), keys(aws_iam_policy.read))) == toset(["api", "environments", "roles"])
    error_message = "Of what is shared, the roles elsewhere manage and read nothing."
  }

  assert {
    condition = alltrue([for account in ["111111111111", "222222222222"] :
      strcontains(aws_iam_policy.boundary.policy, "arn:aws:kms:*:${account}:key/*")
    ])
    error_message = "Roles elsewhere read and write what lies at home, with its key."
  }
}
