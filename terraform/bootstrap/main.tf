locals {
  project = jsondecode(file("${path.root}/../../project.json"))
  name    = local.project.project
  account = local.project.accounts.delivery
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
