mock_provider "aws" {
  source = "../testing"
}

run "every_environment_reads_and_the_one_that_trains_writes" {
  assert {
    condition = local.readers == toset([for environment, account in local.accounts :
      "arn:aws:iam::${account}:role/${local.name}-${environment}-*" if environment != "delivery"
    ]) && contains(local.readers, one(local.writers))
    error_message = "Readers are the roles of the environments in project.json, and the writer's are among them."
  }
}

run "names_come_from_project_json" {
  assert {
    condition     = output.artifact_bucket == "${local.name}-artifacts-${local.accounts.delivery}-${local.project.region}"
    error_message = "The bucket's name is unique by project, account and region; got ${output.artifact_bucket}."
  }

  assert {
    condition     = output.model_package_group_name == local.name
    error_message = "The registry is called as the project is."
  }
}

run "an_environment_has_a_way_and_the_last_one_asks_a_person" {
  assert {
    condition     = toset(concat(keys(local.releases), ["delivery"])) == toset(keys(local.accounts))
    error_message = "Every environment of project.json has its place on a release's way."
  }

  assert {
    condition     = alltrue([for release in local.releases : release.approval == (release.next == null)])
    error_message = "The environment at the end of the way is the one whose plans a person approves."
  }

  assert {
    condition     = sort([for release in local.releases : release.next if release.next != null]) == sort([for name in keys(local.releases) : name if name != local.trains])
    error_message = "A release begins where models are trained and passes every other environment once."
  }
}
