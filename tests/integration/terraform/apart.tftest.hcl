mock_provider "aws" {
  source = "../testing"
}

# project.json: dev and prod have accounts of their own, and there is no staging.
run "environments_elsewhere_are_released_from_home_and_trained_by_hand" {
  assert {
    condition     = output.model_pipeline == null && output.release_pipelines == { dev = "flights-release-dev", prod = "flights-release-prod" }
    error_message = "Every environment has its release pipeline; a workflow elsewhere is not started from home; got ${jsonencode(output.release_pipelines)}."
  }

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.notice : toset(jsondecode(rule.event_pattern).detail.pipeline) == toset(["flights-release-dev", "flights-release-prod"])])
    error_message = "What is told is of the pipelines that exist."
  }

  assert {
    condition = { for name, build in local.builds : name => build.statements.Operate if can(build.statements.Operate) } == { for name in ["apply", "propose", "verify"] : name => {
      actions   = ["sts:AssumeRole"]
      resources = ["arn:aws:iam::222222222222:role/flights-operate", "arn:aws:iam::333333333333:role/flights-operate"]
    } }
    error_message = "Who verifies what runs elsewhere operates there, and nobody else does."
  }

  assert {
    condition     = local.releases == { dev = { next = "prod", approval = false }, prod = { next = null, approval = true } }
    error_message = "Without staging, prod comes after dev; got ${jsonencode(local.releases)}."
  }

  assert {
    condition     = local.readers == toset(["arn:aws:iam::222222222222:role/flights-dev-*", "arn:aws:iam::333333333333:role/flights-prod-*"]) && local.writers == ["arn:aws:iam::222222222222:role/flights-dev-*"]
    error_message = "Environments read what is shared, wherever they are, and the one that trains writes."
  }
}
