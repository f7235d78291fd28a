locals {
  environment = "prod"
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

  endpoint = {
    rollout     = { canary = { percent = 25, bake_seconds = 300 } }
    alarms      = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 1 }
    autoscaling = { min = 2, max = 4, invocations_per_instance = 3000 }
  }
}
