locals {
  project = jsondecode(file("${path.root}/../../project.json"))
  name    = local.project.project
  home    = local.project.accounts.delivery
  account = coalesce(var.account, local.home)
  at_home = local.account == local.home

  # The accounts of environments that have one of their own: delivery's deploy role enters them by theirs.
  others = setsubtract(values(local.project.accounts), [local.home])

  # What an ARN of this account and region starts with, by service.
  arn = { for service in [
    "application-autoscaling", "cloudwatch", "codebuild", "codeconnections", "codedeploy", "codepipeline", "ecr", "events", "kms", "lambda",
    "logs", "sagemaker", "secretsmanager", "sns", "states",
  ] : service => "arn:aws:${service}:${local.project.region}:${local.account}" }

  # At home, wherever the account: bootstrap's own state of another account lies there too, below that account's number.
  state_bucket = "${local.name}-tfstate-${local.home}-${local.project.region}"

  state = "arn:aws:s3:::${local.state_bucket}"
  roles = "arn:aws:iam::${local.account}:role/${local.name}"

  # Of the two buckets that delivery makes: what is trained and released, and what pipelines hand from action to action.
  artifacts = "arn:aws:s3:::${local.name}-artifacts-${local.account}-${local.project.region}"
  pipelines = "arn:aws:s3:::${local.name}-pipelines-${local.account}-${local.project.region}"
}

provider "aws" {
  region              = local.project.region
  allowed_account_ids = [local.account]

  default_tags {
    tags = { project = local.name, environment = "bootstrap" }
  }
}

# Whoever destroys the bucket that holds the state of everything else must have emptied it first.
module "state" {
  source = "../modules/artifact-store"
  count  = local.at_home ? 1 : 0

  name          = local.state_bucket
  tenants       = { for account in local.others : account => "bootstrap/${account}/" }
  force_destroy = false
}
