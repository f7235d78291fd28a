mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                 = "flights-dev"
  instances            = { type = "ml.m5.xlarge", count = 2 }
  artifacts            = { bucket = "flights-artifacts", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  image_repository_arn = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
  key_arn              = "arn:aws:kms:us-east-1:111111111111:key/environment"
  boundary_arn         = "arn:aws:iam::111111111111:policy/flights-boundary"

  release = {
    version        = "1"
    model_data_url = "s3://flights-artifacts/runs/a/model/flights-a/output/model.tar.gz"
    image          = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:1111111111111111111111111111111111111111111111111111111111111111"
    git_sha        = "1111111111111111111111111111111111111111"
  }
}

run "the_definition_is_json_and_leaves_no_placeholder" {
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).QueryLanguage == "JSONata" && !can(regex("[$][{]", aws_sfn_state_machine.this.definition))
    error_message = "Terraform fills every placeholder of the workflow's file."
  }
}

run "a_job_is_what_the_environment_says" {
  variables {
    strategy       = "single"
    max_payload_mb = 20
    max_concurrent = 5
    join           = "input"
  }

  assert {
    condition = [for job in [jsondecode(aws_sfn_state_machine.this.definition).States.Transform.Arguments] : [
      job.BatchStrategy, job.MaxPayloadInMB, job.MaxConcurrentTransforms, job.DataProcessing.JoinSource, job.TransformResources.InstanceType, job.TransformResources.InstanceCount, job.TransformResources.VolumeKmsKeyId,
    ]] == [["SingleRecord", 20, 5, "Input", "ml.m5.xlarge", 2, var.key_arn]]
    error_message = "Strategy, payload, concurrency, join and instances are the job's."
  }

  assert {
    condition     = aws_sagemaker_model.this.primary_container[0].environment.FAIRWAY_MAX_BODY_MB == "20"
    error_message = "The container takes what the job sends."
  }
}

run "a_container_says_how_many_requests_it_takes_unless_told" {
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Transform.Arguments.MaxConcurrentTransforms == 0 && startswith(aws_sagemaker_model.this.name, "flights-dev-batch-1-")
    error_message = "Zero asks the container's execution parameters."
  }
}

run "the_job_reads_runs_and_its_folder_and_writes_its_folder_only" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.job.policy).Statement : statement.Sid => statement.Resource if contains(["Read", "Write"], statement.Sid) } == {
      Read  = ["arn:aws:s3:::flights-artifacts/runs/*/model.tar.gz", "arn:aws:s3:::flights-artifacts/runs/*/data/*", "arn:aws:s3:::flights-artifacts/serving/flights-dev/batch/*"]
      Write = "arn:aws:s3:::flights-artifacts/serving/flights-dev/batch/*"
    }
    error_message = "Nothing else of the store is within its reach."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.workflow.policy, "iam:PassRole") && strcontains(aws_iam_role_policy.workflow.policy, ":transform-job/flights-dev-*")
    error_message = "The workflow starts jobs; their role is the model's, and is not passed again."
  }
}

run "folders_of_other_buckets_are_named" {
  variables {
    reads = ["s3://lake/flights/"]
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.job.policy).Statement : jsonencode([statement.Resource, try(statement.Condition.StringLike["s3:prefix"], "all")]) if endswith(statement.Sid, "Elsewhere")] == [
      jsonencode([["arn:aws:s3:::lake/flights/*"], "all"]), jsonencode([["arn:aws:s3:::lake"], ["flights/*"]]),
    ]
    error_message = "The job reads below the folder."
  }
}

run "instances_with_disks_of_their_own_are_given_no_key" {
  variables {
    instances = { type = "ml.g5.xlarge", built_for = "gpu" }
  }

  assert {
    condition     = !strcontains(jsonencode(jsondecode(aws_sfn_state_machine.this.definition).States.Transform.Arguments.TransformResources), "VolumeKmsKeyId")
    error_message = "SageMaker refuses a key for an instance with disks of its own."
  }
}

run "a_name_that_leaves_no_room_for_a_hash_is_refused" {
  command = plan

  variables {
    name = "a-name-that-is-longer-than-forty-characters"
  }

  expect_failures = [var.name]
}

run "a_family_that_transforms_nothing_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.c7g.large", built_for = "arm64" }
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

run "a_size_that_its_family_does_not_have_is_refused" {
  command = plan

  variables {
    instances = { type = "ml.c5.large" }
  }

  expect_failures = [var.instances]
}

run "no_instance_at_all_is_refused" {
  command = plan

  variables {
    instances = { count = 0 }
  }

  expect_failures = [var.instances]
}

run "a_strategy_that_is_none_is_refused" {
  command = plan

  variables {
    strategy = "some"
  }

  expect_failures = [var.strategy]
}

run "payloads_beyond_a_hundred_megabytes_are_refused" {
  command = plan

  variables {
    max_payload_mb = 101
  }

  expect_failures = [var.max_payload_mb]
}

run "more_than_a_hundred_megabytes_at_a_time_are_refused" {
  command = plan

  variables {
    max_concurrent = 17
  }

  expect_failures = [var.max_concurrent]
}

run "a_join_with_something_else_is_refused" {
  command = plan

  variables {
    join = "output"
  }

  expect_failures = [var.join]
}

run "a_folder_without_its_slash_is_refused" {
  command = plan

  variables {
    reads = ["s3://lake/flights"]
  }

  expect_failures = [var.reads]
}

run "a_job_of_half_a_minute_is_refused" {
  command = plan

  variables {
    timeout_seconds = 30
  }

  expect_failures = [var.timeout_seconds]
}
