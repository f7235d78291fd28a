mock_provider "aws" {
  source = "../../testing"
}

variables {
  name          = "flights"
  readers       = ["arn:aws:iam::222222222222:role/flights-prod-*", "arn:aws:iam::111111111111:role/flights-dev-*"]
  force_destroy = true
}

run "a_tag_never_moves_and_every_push_is_scanned" {
  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && one(aws_ecr_repository.this.image_scanning_configuration).scan_on_push
    error_message = "Tags are immutable and images are scanned on push."
  }

  assert {
    condition     = one(aws_ecr_repository.this.encryption_configuration).kms_key == aws_kms_key.this.arn && aws_kms_key.this.enable_key_rotation
    error_message = "Images are encrypted with the repository's own key, which rotates."
  }
}

run "readers_pull_and_nobody_else_is_named" {
  assert {
    condition = jsondecode(aws_ecr_repository_policy.this.policy).Statement == [{
      Sid       = "Readers"
      Effect    = "Allow"
      Principal = { AWS = ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"] }
      Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Condition = { ArnLike = { "aws:PrincipalArn" = ["arn:aws:iam::111111111111:role/flights-dev-*", "arn:aws:iam::222222222222:role/flights-prod-*"] } }
    }]
    error_message = "The repository's policy lets the readers' roles pull, no more."
  }
}

run "only_images_without_a_tag_expire" {
  assert {
    condition     = [for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.tagStatus] == ["untagged"]
    error_message = "No rule expires a tagged image: a release may name it."
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Flights"
  }

  expect_failures = [var.name]
}

run "a_repository_that_nobody_may_pull_from_is_refused" {
  command = plan

  variables {
    readers = []
  }

  expect_failures = [var.readers]
}

run "a_reader_that_is_no_role_is_refused" {
  command = plan

  variables {
    readers = ["111111111111"]
  }

  expect_failures = [var.readers]
}
