mock_provider "aws" {
  source = "../../testing"
}

override_data {
  target = data.terraform_remote_state.delivery
  values = {
    outputs = {
      artifact_bucket         = "flights-artifacts"
      artifact_key_arn        = "arn:aws:kms:us-east-1:111111111111:key/artifacts"
      image_repository_arn    = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
      model_package_group_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/flights"
    }
  }
}

run "dev_runs_what_its_release_file_says" {
  assert {
    condition     = output.release_version == try(jsondecode(file("release.json")).current.version, null)
    error_message = "The release that runs is the file's."
  }
}

run "dev_trains" {
  assert {
    condition     = output.state_machine_arn != null
    error_message = "The one environment that trains has the workflow."
  }
}
