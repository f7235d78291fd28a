mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                 = "flights-dev"
  artifacts            = { bucket = "flights-artifacts", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  image_repository_arn = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
  key_arn              = "arn:aws:kms:us-east-1:111111111111:key/environment"
  boundary_arn         = "arn:aws:iam::111111111111:policy/flights-boundary"

  release = {
    previous = null
    current = {
      version           = "1"
      model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/1"
      model_data_url    = "s3://flights-artifacts/runs/a/model/flights-a/output/model.tar.gz"
      model_data_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      image             = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:1111111111111111111111111111111111111111111111111111111111111111"
      git_sha           = "1111111111111111111111111111111111111111"
      metrics           = { auc = 0.7 }
    }
  }
}

run "an_accelerator_serves_an_image_that_is_built_for_it" {
  variables {
    instances = { type = "ml.inf2.xlarge", built_for = "neuron" }
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].instance_type == "ml.inf2.xlarge"
    error_message = "Inferentia runs an image for neuron."
  }
}

run "a_graviton_serves_an_image_that_is_built_for_it" {
  variables {
    instances = { type = "ml.c7g.large", built_for = "arm64" }
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this[output.config_name].production_variants[0].instance_type == "ml.c7g.large"
    error_message = "Graviton runs an image for arm64."
  }
}

run "an_image_for_x86_on_graviton_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.c7g.large" }
  }

  expect_failures = [var.instances]
}

run "a_gpu_that_the_image_does_not_use_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.g5.xlarge" }
  }

  expect_failures = [var.instances]
}

run "an_image_for_neuron_on_a_cpu_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.m5.large", built_for = "neuron" }
  }

  expect_failures = [var.instances]
}

run "a_gaudi_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.dl1.24xlarge" }
  }

  expect_failures = [var.instances]
}

run "a_family_for_notebooks_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.t3.medium" }
  }

  expect_failures = [var.instances]
}

run "a_family_that_only_trains_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.p3dn.24xlarge", built_for = "gpu" }
  }

  expect_failures = [var.instances]
}

run "a_family_that_does_not_exist_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.z9.large" }
  }

  expect_failures = [var.instances]
}

run "a_size_that_its_family_does_not_have_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.m5.3xlarge" }
  }

  expect_failures = [var.instances]
}

run "an_image_built_for_something_else_is_refused" {
  command = plan

  variables {
    instances = { built_for = "sparc" }
  }

  expect_failures = [var.instances]
}

run "bursting_instances_that_are_scaled_are_refused" {
  command = plan

  variables {
    instances   = { type = "ml.t2.medium" }
    autoscaling = { min = 1, max = 2, invocations_per_instance = 600 }
  }

  expect_failures = [var.instances]
}

run "a_guarded_rollout_on_inf1_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.inf1.xlarge", built_for = "neuron" }
    alarms    = { error_rate_percent = 1, p99_latency_ms = 500, quality_psi = 1 }
    rollout   = { all_at_once = { bake_seconds = 300 } }
  }

  expect_failures = [var.instances]
}
