locals {
  environment = "dev"
  project     = jsondecode(file("${path.root}/../../../project.json"))
  account     = local.project.accounts[local.environment]
}

provider "aws" {
  region              = local.project.region
  allowed_account_ids = [local.account]

  # Who calls is a role of delivery's account, deploy or plan; in an account of its own the environment has its like.
  dynamic "assume_role" {
    for_each = local.account == local.project.accounts.delivery ? [] : [local.account]

    content {
      role_arn     = "arn:aws:iam::${assume_role.value}:role/${local.project.project}-${var.reading ? "plan" : "deploy"}"
      session_name = "terraform-${local.environment}"
    }
  }

  default_tags {
    tags = { project = local.project.project, environment = local.environment }
  }
}

data "terraform_remote_state" "delivery" {
  backend = "s3"

  config = {
    bucket = "${local.project.project}-tfstate-${local.project.accounts.delivery}-${local.project.region}"
    key    = "delivery/terraform.tfstate"
    region = local.project.region
  }
}

module "platform" {
  source = "../../platform"

  project     = local.project.project
  environment = local.environment
  delivery    = data.terraform_remote_state.delivery.outputs
  release     = jsondecode(file("${path.root}/release.json"))

  # It costs nothing while nobody asks it, and no traffic wants shifting.
  endpoint = {
    mode = { serverless = {} }
  }

  batch = {
    instances = { type = "ml.m5.large" }
  }

  training = {
    approval = "automatic"
    gate = {
      thresholds = { auc = { min = 0.65 }, log_loss = { max = 0.62 } }
      champion   = { metric = "auc", goal = "maximize", tolerance = 0.005 }
    }
  }
}
