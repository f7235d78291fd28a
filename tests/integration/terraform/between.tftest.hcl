mock_provider "aws" {
  source = "../testing"
}

# project.json: staging has an account of its own.
run "an_environment_elsewhere_is_proposed_to_and_applied_by_no_pipeline" {
  assert {
    condition     = output.model_pipeline == "flights-model" && output.release_pipelines == { dev = "flights-release-dev", prod = "flights-release-prod" }
    error_message = "Pipelines are of environments at home; got ${jsonencode(output.release_pipelines)}."
  }

  assert {
    condition     = local.releases.dev.next == "staging" && local.releases.staging.next == "prod"
    error_message = "Wherever it is, staging keeps its place on a release's way."
  }

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.notice : toset(jsondecode(rule.event_pattern).detail.pipeline) == toset(["flights-model", "flights-release-dev", "flights-release-prod"])])
    error_message = "What is told is of the pipelines that exist."
  }
}
