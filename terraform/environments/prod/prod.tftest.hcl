mock_provider "aws" {
  source = "../../testing"
}

# Terraform wants to hear at applying what it was told at planning, and its tests take a default for something told.
variables {
  reading = false
}

override_data {
  target = data.terraform_remote_state.delivery
  values = {
    outputs = {
      artifact_bucket         = "artifacts"
      artifact_key_arn        = "arn:aws:kms:us-east-1:111111111111:key/artifacts"
      image_repository_arn    = "arn:aws:ecr:us-east-1:111111111111:repository/images"
      model_package_group_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/models"
    }
  }
}

# These tests hold for whatever release prod has right now.
override_module {
  target  = module.platform.module.endpoint
  outputs = { name = "the-endpoint", config_name = "the-endpoint-7-abcdef01", release_version = "7", log_group_name = "the-group", mode = "real_time", topic_arns = {} }
}

run "prod_does_not_train" {
  assert {
    condition     = output.state_machine_arn == null
    error_message = "One environment trains; the others receive what it registered."
  }
}

run "prod_says_what_it_serves" {
  assert {
    condition     = [output.endpoint_name, output.endpoint_config_name, output.release_version, output.log_group_name] == ["the-endpoint", "the-endpoint-7-abcdef01", "7", "the-group"]
    error_message = "The outputs are the endpoint's."
  }
}
