mock_provider "aws" {
  source = "../testing"
}

# project.json: staging alone, and no environment that trains.
run "a_project_may_have_no_environment_that_trains" {
  assert {
    condition     = output.model_pipeline == null && output.release_pipelines == { staging = "flights-release-staging" }
    error_message = "Without an environment that trains there is no model pipeline."
  }

  assert {
    condition     = length(local.writers) == 0 && local.releases == { staging = { next = null, approval = false } }
    error_message = "Nobody writes what nobody trains, and a release's way ends where it begins."
  }
}
