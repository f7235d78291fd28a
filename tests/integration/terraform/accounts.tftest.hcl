mock_provider "aws" {
  source = "../testing"
}

run "at_home_the_role_enters_the_other_account" {
  assert {
    condition     = jsondecode(aws_iam_role_policy.deploy["accounts"].policy).Statement[0].Resource == "arn:aws:iam::222222222222:role/flights-deploy"
    error_message = "The deploy role may assume its like in the account of prod."
  }
}

run "elsewhere_homes_role_alone_enters_and_what_is_shared_is_out_of_reach" {
  variables {
    account = "222222222222"
  }

  assert {
    condition     = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement[0].Principal.AWS == "arn:aws:iam::111111111111:role/flights-deploy"
    error_message = "The trust names the deploy role at home."
  }

  assert {
    condition     = length(setintersection(keys(aws_iam_role_policy.deploy), ["accounts", "artifacts", "images", "state"])) == 0 && contains(keys(aws_iam_role_policy.deploy), "serving")
    error_message = "Of what is shared, the role elsewhere manages nothing."
  }
}
