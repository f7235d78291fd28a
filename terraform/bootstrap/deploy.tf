resource "aws_iam_role" "deploy" {
  name        = "${local.name}-deploy"
  description = "Plans and applies what the project ${local.name} delivers with and runs in."

  # At home, everyone in the account whom a policy of their own lets assume it; elsewhere, home's deploy role alone.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = local.at_home ? "arn:aws:iam::${local.home}:root" : "arn:aws:iam::${local.home}:role/${local.name}-deploy" }
      Action    = "sts:AssumeRole"
    }]
  })
}

locals {
  # What the roots `delivery` and `environments/*` manage, no more: names begin with the project's. What is shared is at home.
  deploy_statements = { for noun, statements in {
    api          = local.deploy_api
    delivery     = local.deploy_delivery
    environments = local.deploy_environments
    pipelines    = local.deploy_pipelines
    roles        = local.deploy_roles
  } : noun => statements if local.at_home || !contains(["delivery", "pipelines"], noun) }
}

# A managed policy holds 6144 characters, all inline policies of a role together 10240.
resource "aws_iam_policy" "deploy" {
  for_each = local.deploy_statements

  name        = "${local.name}-deploy-${each.key}"
  description = "What changes the ${each.key} of ${local.name}."
  policy      = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = aws_iam_policy.deploy

  role       = aws_iam_role.deploy.name
  policy_arn = each.value.arn
}

# It plans before it applies.
resource "aws_iam_role_policy_attachment" "deploy_reads" {
  for_each = aws_iam_policy.read

  role       = aws_iam_role.deploy.name
  policy_arn = each.value.arn
}
