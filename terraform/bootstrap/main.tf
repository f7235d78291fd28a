locals {
  project = jsondecode(file("${path.root}/../../project.json"))
  name    = local.project.project
  home    = local.project.accounts.delivery
  account = coalesce(var.account, local.home)

  # The accounts of environments that have one of their own: delivery's deploy role enters them by theirs.
  others = setsubtract(values(local.project.accounts), [local.home])
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

  name          = "${local.name}-tfstate-${local.account}-${local.project.region}"
  force_destroy = false
}
