# Overriding a module, as the environments' own tests do to hold for any release, skips its validations as well.
mock_provider "aws" {
  source = "../../testing"
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

run "its_settings_are_valid" {
  command = plan
}
