mock_provider "aws" {
  source = "../testing"
}

run "at_home_the_roles_enter_the_other_account" {
  assert {
    condition     = jsondecode(aws_iam_policy.deploy["delivery"].policy).Statement[0].Resource == ["arn:aws:iam::222222222222:role/flights-deploy"]
    error_message = "The deploy role may assume its like in the account of prod."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.plan[0].policy).Statement[0].Resource == ["arn:aws:iam::222222222222:role/flights-plan"]
    error_message = "The plan role may assume its like in the account of prod."
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
    condition     = toset(concat(keys(aws_iam_policy.deploy), keys(aws_iam_policy.read))) == toset(["environments", "roles"])
    error_message = "Of what is shared, the roles elsewhere manage and read nothing."
  }

  assert {
    condition = alltrue([for account in ["111111111111", "222222222222"] :
      strcontains(aws_iam_policy.boundary.policy, "arn:aws:kms:*:${account}:key/*")
    ])
    error_message = "Roles elsewhere read and write what lies at home, with its key."
  }
}
