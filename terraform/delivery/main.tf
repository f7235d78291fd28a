locals {
  project  = jsondecode(file("${path.root}/../../project.json"))
  name     = local.project.project
  accounts = local.project.accounts

  # An environment's roles begin with its name, wherever they are. The environment that trains writes; every one reads.
  roles   = { for environment, account in local.accounts : environment => "arn:aws:iam::${account}:role/${local.name}-${environment}-*" if environment != "delivery" }
  readers = toset(values(local.roles))
  writers = [for environment, role in local.roles : role if environment == local.trains]

  # What serves leaves answers, captures and predictions.
  servers = flatten([for environment, account in local.accounts : [for role in ["endpoint", "batch"] :
    "arn:aws:iam::${account}:role/${local.name}-${environment}-${role}"] if environment != "delivery"
  ])
}

provider "aws" {
  region              = local.project.region
  allowed_account_ids = [local.accounts.delivery]

  default_tags {
    tags = { project = local.name, environment = "delivery" }
  }
}

# Destroying what the project shares is asked for by name, and leaves nothing: images and models go too.
module "artifacts" {
  source = "../modules/artifact-store"

  name          = "${local.name}-artifacts-${local.accounts.delivery}-${local.project.region}"
  readers       = local.readers
  writers       = local.writers
  servers       = local.servers
  force_destroy = true
}

module "images" {
  source = "../modules/image-repository"

  name          = local.name
  readers       = local.readers
  force_destroy = true
}

module "registry" {
  source = "../modules/model-registry"

  name    = local.name
  readers = toset(values(local.accounts))
  writers = [for environment, account in local.accounts : account if environment == local.trains]
}
