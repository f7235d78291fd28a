locals {
  github = "token.actions.githubusercontent.com"

  # An account has one provider for GitHub: where there is one already, project.json names it, and it stays whose it is.
  github_provider_arn = try(aws_iam_openid_connect_provider.github[0].arn, local.known_provider_arn)
  known_provider_arn  = try(local.project.github_oidc_provider_arn, null)

  # The builds that need to read what Terraform manages.
  planners = [for build in ["plan", "verify"] : "arn:aws:iam::${local.home}:role/${local.name}-build-${build}"]

  plan_trust = {
    # A pull request of this very repository: one of a fork gets no token from GitHub. No role that applies is there for it.
    pull_request = {
      Effect    = "Allow"
      Principal = { Federated = local.github_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "${local.github}:aud" = "sts.amazonaws.com"
        "${local.github}:sub" = "repo:${local.project.repository}:pull_request"
      } }
    }

    # By condition: IAM refuses a principal that does not exist yet, and delivery makes these.
    build = {
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${local.home}:root" }
      Action    = "sts:AssumeRole"
      Condition = { ArnEquals = { "aws:PrincipalArn" = local.planners } }
    }

    # In another account, home's plan role alone.
    home = {
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${local.home}:role/${local.name}-plan" }
      Action    = "sts:AssumeRole"
    }
  }
}

# GitHub's certificates are checked against AWS's own list of authorities: no thumbprint to keep up to date.
resource "aws_iam_openid_connect_provider" "github" {
  count = local.at_home && local.known_provider_arn == null ? 1 : 0

  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "plan" {
  name        = "${local.name}-plan"
  description = "Plans the environments of ${local.name}, and changes nothing."

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for principal in ["pull_request", "build", "home"] : local.plan_trust[principal] if(principal == "home") != local.at_home]
  })

  lifecycle {
    precondition {
      condition     = local.known_provider_arn == null || local.known_provider_arn == "arn:aws:iam::${local.home}:oidc-provider/${local.github}"
      error_message = "github_oidc_provider_arn in project.json is the ARN of delivery's own provider for GitHub, arn:aws:iam::${local.home}:oidc-provider/${local.github}, or null to make one; got ${coalesce(local.known_provider_arn, "null")}."
    }
  }
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = { for noun, policy in aws_iam_policy.read : noun => policy if noun != "delivery" }

  role       = aws_iam_role.plan.name
  policy_arn = each.value.arn
}

# Elsewhere it plans as its like.
resource "aws_iam_role_policy" "plan" {
  count = local.at_home && length(local.others) > 0 ? 1 : 0

  name = "accounts"
  role = aws_iam_role.plan.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = [for account in local.others : "arn:aws:iam::${account}:role/${local.name}-plan"]
    }]
  })
}
