mock_provider "aws" {
  source = "../testing"
}

# project.json: staging has an account of its own.
run "an_environment_elsewhere_is_released_as_the_others_are" {
  assert {
    condition     = output.model_pipeline == "flights-model" && output.release_pipelines == { for name in ["dev", "prod", "staging"] : name => "flights-release-${name}" }
    error_message = "Every environment has its release pipeline; got ${jsonencode(output.release_pipelines)}."
  }

  assert {
    condition     = local.releases.dev.next == "staging" && local.releases.staging.next == "prod"
    error_message = "Wherever it is, staging keeps its place on a release's way."
  }

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.notice : toset(jsondecode(rule.event_pattern).detail.pipeline) == toset(["flights-model", "flights-release-dev", "flights-release-prod", "flights-release-staging"])])
    error_message = "What is told is of the pipelines that exist."
  }
}
