mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                    = "flights-dev"
  approval                = "manual"
  artifacts               = { bucket = "flights-artifacts", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  image_repository_arn    = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
  model_package_group_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/flights"
  key_arn                 = "arn:aws:kms:us-east-1:111111111111:key/environment"
  boundary_arn            = "arn:aws:iam::111111111111:policy/flights-boundary"

  gate = {
    thresholds = { auc = { min = 0.65 }, log_loss = { max = 0.6 } }
    champion   = { metric = "auc", goal = "maximize", tolerance = 0.005 }
  }
}

run "the_definition_is_json_and_leaves_no_placeholder" {
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).QueryLanguage == "JSONata" && !can(regex("[$][{]", aws_sfn_state_machine.this.definition))
    error_message = "Terraform fills every placeholder of the workflow's file."
  }
}

run "the_gate_reaches_the_evaluation_without_absent_bounds" {
  assert {
    condition = jsondecode(jsondecode(aws_sfn_state_machine.this.definition).States.Evaluate.Arguments.Environment.FAIRWAY_GATE) == {
      thresholds = { auc = { min = 0.65 }, log_loss = { max = 0.6 } }
      champion   = { metric = "auc", goal = "maximize", tolerance = 0.005 }
    }
    error_message = "FAIRWAY_GATE is the gate as JSON."
  }
}

run "a_person_approves_where_approval_is_manual" {
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Register.Arguments.ModelApprovalStatus == "PendingManualApproval"
    error_message = "A model that passed waits for a person."
  }
}

run "passing_the_gate_approves_where_approval_is_automatic" {
  variables {
    approval = "automatic"
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Register.Arguments.ModelApprovalStatus == "Approved"
    error_message = "A model that passed is approved."
  }
}

run "a_task_outlives_its_job" {
  variables {
    jobs = { processing = { timeout_seconds = 600 }, training = { timeout_seconds = 7200 } }
  }

  assert {
    condition = alltrue([for name in ["Prepare", "Train", "Evaluate"] :
      jsondecode(aws_sfn_state_machine.this.definition).States[name].TimeoutSeconds > jsondecode(aws_sfn_state_machine.this.definition).States[name].Arguments.StoppingCondition.MaxRuntimeInSeconds
    ])
    error_message = "SageMaker stops a job that overruns before Step Functions gives up on it."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments.StoppingCondition.MaxRuntimeInSeconds == 7200
    error_message = "The training job is given its own time."
  }
}

run "volumes_are_encrypted_but_for_instances_with_disks_of_their_own" {
  variables {
    jobs = { training = { instance_type = "ml.g5.xlarge" } }
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Prepare.Arguments.ProcessingResources.ClusterConfig.VolumeKmsKeyId == var.key_arn
    error_message = "A processing job's volume has the environment's key."
  }

  assert {
    condition     = !can(jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments.ResourceConfig.VolumeKmsKeyId)
    error_message = "SageMaker refuses a key for an instance with disks of its own."
  }
}

run "one_instance_prepares_unless_it_is_said_otherwise" {
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Prepare.Arguments.ProcessingResources.ClusterConfig.InstanceCount == 1
    error_message = "One instance is the default."
  }
}

run "several_instances_prepare_and_one_joins_and_evaluates" {
  variables {
    jobs = { processing = { instance_count = 3, sharded_prefix = "flights/" } }
  }

  assert {
    condition = [for name in ["Prepare", "Join", "Evaluate"] :
      jsondecode(aws_sfn_state_machine.this.definition).States[name].Arguments.ProcessingResources.ClusterConfig.InstanceCount
    ] == [3, 1, 1]
    error_message = "Only what is sharded has several instances."
  }
}

run "the_workflow_may_touch_its_own_jobs_only" {
  assert {
    condition = jsondecode(aws_iam_role_policy.workflow.policy).Statement[0].Resource == [
      "arn:aws:sagemaker:us-east-1:111111111111:processing-job/flights-dev-*",
      "arn:aws:sagemaker:us-east-1:111111111111:training-job/flights-dev-*",
    ]
    error_message = "Jobs are named after the environment."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.workflow.policy).Statement :
      statement.Condition == { StringEquals = { "iam:PassedToService" = "sagemaker.amazonaws.com" } } if statement.Sid == "JobRoles"
    ])
    error_message = "Roles are passed to SageMaker only."
  }
}

run "a_star_stands_only_where_an_action_knows_no_resource" {
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.workflow.policy).Statement : statement.Sid if statement.Resource == "*"] == ["LogDelivery"]
    error_message = "The workflow's role names what it touches."
  }

  assert {
    condition = alltrue([for policy in [aws_iam_role_policy.processing.policy, aws_iam_role_policy.training.policy] :
      [for statement in jsondecode(policy).Statement : statement.Sid if statement.Resource == "*"] == ["Registry", "Metrics"]
    ])
    error_message = "The jobs' roles name what they touch."
  }
}

run "every_role_carries_the_boundary" {
  assert {
    condition = alltrue([for role in [aws_iam_role.workflow, aws_iam_role.processing, aws_iam_role.training] :
      role.permissions_boundary == var.boundary_arn
    ])
    error_message = "The deploy role may make no role without the boundary."
  }
}

run "training_writes_models_and_checkpoints_only" {
  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.training.policy).Statement : jsonencode(statement.Resource) if statement.Sid == "Write"]) == jsonencode(["arn:aws:s3:::flights-artifacts/runs/*/model/*", "arn:aws:s3:::flights-artifacts/runs/*/checkpoints/*"])
    error_message = "A training job cannot touch data or evaluations."
  }
}

run "each_role_has_one_principal" {
  assert {
    condition = [for role in [aws_iam_role.workflow, aws_iam_role.processing, aws_iam_role.training] :
      jsondecode(role.assume_role_policy).Statement[0].Principal.Service
    ] == ["states.amazonaws.com", "sagemaker.amazonaws.com", "sagemaker.amazonaws.com"]
    error_message = "Step Functions assumes the workflow's role, SageMaker the jobs'."
  }
}

run "every_step_is_logged_with_its_data_and_encrypted" {
  assert {
    condition     = one(aws_sfn_state_machine.this.logging_configuration).level == "ALL" && one(aws_sfn_state_machine.this.logging_configuration).include_execution_data
    error_message = "The whole execution is logged."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.key_arn
    error_message = "The log group has the environment's key."
  }
}

run "a_long_name_still_fits_into_a_jobs_name" {
  variables {
    name = "recommendation-europe-prod"
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Begin.Assign.job == "{% 'recommendation-europe-' & $substring($states.context.Execution.Name, 0, 32) %}"
    error_message = "The job's prefix is cut to 22 characters, without a dash at its end."
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Flights"
  }

  expect_failures = [var.name]
}

run "a_threshold_without_a_bound_is_refused" {
  command = plan

  variables {
    gate = {
      thresholds = { auc = {} }
      champion   = { metric = "auc", goal = "maximize" }
    }
  }

  expect_failures = [var.gate]
}

run "a_threshold_that_nothing_can_reach_is_refused" {
  command = plan

  variables {
    gate = {
      thresholds = { auc = { min = 0.9, max = 0.1 } }
      champion   = { metric = "auc", goal = "maximize" }
    }
  }

  expect_failures = [var.gate]
}

run "a_goal_that_is_neither_is_refused" {
  command = plan

  variables {
    gate = {
      thresholds = { auc = { min = 0.65 } }
      champion   = { metric = "auc", goal = "higher" }
    }
  }

  expect_failures = [var.gate]
}

run "a_negative_tolerance_is_refused" {
  command = plan

  variables {
    gate = {
      thresholds = { auc = { min = 0.65 } }
      champion   = { metric = "auc", goal = "maximize", tolerance = -1 }
    }
  }

  expect_failures = [var.gate]
}

run "a_gate_too_long_for_a_jobs_environment_is_refused" {
  command = plan

  variables {
    gate = {
      thresholds = { for number in range(10) : "metric_number_${number}" => { min = 0.5, max = 0.9 } }
      champion   = { metric = "auc", goal = "maximize" }
    }
  }

  expect_failures = [var.gate]
}

run "an_approval_that_is_neither_is_refused" {
  command = plan

  variables {
    approval = "always"
  }

  expect_failures = [var.approval]
}

run "an_instance_type_without_its_ml_is_refused" {
  command = plan

  variables {
    jobs = { training = { instance_type = "m5.large" } }
  }

  expect_failures = [var.jobs]
}

run "several_instances_without_the_folder_that_they_share_are_refused" {
  command = plan

  variables {
    jobs = { processing = { instance_count = 2 } }
  }

  expect_failures = [var.jobs]
}

run "half_an_instance_is_refused" {
  command = plan

  variables {
    jobs = { processing = { instance_count = 1.5 } }
  }

  expect_failures = [var.jobs]
}

run "a_job_without_a_volume_is_refused" {
  command = plan

  variables {
    jobs = { processing = { volume_gigabytes = 0 } }
  }

  expect_failures = [var.jobs]
}

run "a_job_without_an_end_is_refused" {
  command = plan

  variables {
    jobs = { training = { timeout_seconds = 864000 } }
  }

  expect_failures = [var.jobs]
}

run "a_training_has_instances_that_share_the_data_and_may_be_taken_away" {
  variables {
    jobs = { training = { instance_count = 2, timeout_seconds = 600, spot = { waiting_seconds = 900 } } }
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments.ResourceConfig.InstanceCount == 2 &&
      jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments.InputDataConfig[0].DataSource.S3DataSource.S3DataDistributionType == "ShardedByS3Key"
    )
    error_message = "Each of the instances has its shard of the training data."
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments.EnableManagedSpotTraining &&
      jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments.StoppingCondition == { MaxRuntimeInSeconds = 600, MaxWaitTimeInSeconds = 1500 } &&
      jsondecode(aws_sfn_state_machine.this.definition).States.Train.TimeoutSeconds > 1500
    )
    error_message = "Spot instances are waited for beyond the job's own time."
  }
}

run "a_training_has_one_instance_that_stays_unless_asked" {
  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments.ResourceConfig.InstanceCount == 1 &&
      !jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments.EnableManagedSpotTraining &&
      jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments.StoppingCondition == { MaxRuntimeInSeconds = 3600 }
    )
    error_message = "Without spot there is no waiting time, which SageMaker would refuse."
  }
}

run "a_part_of_an_instance_is_refused" {
  command = plan

  variables {
    jobs = { training = { instance_count = 1.5 } }
  }

  expect_failures = [var.jobs]
}

run "waiting_for_more_than_five_days_is_refused" {
  command = plan

  variables {
    jobs = { training = { spot = { waiting_seconds = 864000 } } }
  }

  expect_failures = [var.jobs]
}

run "without_tuning_there_is_no_search" {
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Search.Choices[0].Condition == "{% 0 = 0 %}" && jsondecode(aws_sfn_state_machine.this.definition).States.Search.Choices[0].Next == "Train"
    error_message = "The workflow trains once."
  }

  assert {
    condition     = !anytrue([for statement in jsondecode(aws_iam_role_policy.workflow.policy).Statement : startswith(statement.Sid, "Search")])
    error_message = "Nothing is allowed that the workflow does not do."
  }
}

run "a_search_trains_so_often_so_many_at_a_time_from_a_seed" {
  variables {
    jobs = { training = { timeout_seconds = 600, tuning = { max_jobs = 9, max_parallel_jobs = 2, seed = 2013 } } }
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.this.definition).States.Search.Choices[0].Condition == "{% 9 = 0 %}" &&
      jsondecode(aws_sfn_state_machine.this.definition).States.Tune.Arguments.HyperParameterTuningJobConfig.ResourceLimits == { MaxNumberOfTrainingJobs = 9, MaxParallelTrainingJobs = 2 } &&
      jsondecode(aws_sfn_state_machine.this.definition).States.Tune.Arguments.HyperParameterTuningJobConfig.RandomSeed == 2013
    )
    error_message = "The environment says how much is searched."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Tune.TimeoutSeconds == 5 * (600 + 1800)
    error_message = "Nine trainings, two at a time, come in five rounds."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.workflow.policy).Statement : statement.Sid => statement.Resource if startswith(statement.Sid, "Search") } == {
      Search       = "arn:aws:sagemaker:us-east-1:111111111111:hyper-parameter-tuning-job/flights-dev-*"
      SearchedJobs = "arn:aws:sagemaker:us-east-1:111111111111:training-job/flights-dev-*"
    }
    error_message = "Tuning jobs, and the training jobs that are named after them, are named after the environment."
  }
}

run "a_search_has_the_cluster_and_the_spot_instances_of_a_training" {
  variables {
    jobs = { training = { instance_count = 2, timeout_seconds = 600, spot = { waiting_seconds = 900 }, tuning = { max_jobs = 4, seed = 1 } } }
  }

  assert {
    condition = alltrue([for member in ["AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "CheckpointConfig", "EnableManagedSpotTraining", "ResourceConfig", "Environment", "StoppingCondition", "RetryStrategy"] :
      jsondecode(aws_sfn_state_machine.this.definition).States.Tune.Arguments.TrainingJobDefinition[member] == jsondecode(aws_sfn_state_machine.this.definition).States.Train.Arguments[member]
    ])
    error_message = "A training of a search is asked for what a training is asked for."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Tune.Arguments.HyperParameterTuningJobConfig.ResourceLimits.MaxParallelTrainingJobs == 1
    error_message = "One trains at a time unless it is said otherwise."
  }
}

run "a_long_name_still_fits_into_a_searches_name" {
  variables {
    name = "recommendation-europe-prod"
    jobs = { training = { tuning = { max_jobs = 4, seed = 1 } } }
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.workflow.policy).Statement : statement.Resource if statement.Sid == "Search"]) == "arn:aws:sagemaker:us-east-1:111111111111:hyper-parameter-tuning-job/recomm-${substr(sha256("recommendation-europe-prod"), 0, 6)}-*"
    error_message = "The prefix is cut to 13 characters, and a hash tells it from others that begin alike."
  }
}

run "a_search_of_nothing_is_refused" {
  command = plan

  variables {
    jobs = { training = { tuning = { max_jobs = 0, seed = 1 } } }
  }

  expect_failures = [var.jobs]
}

run "a_search_of_more_than_sagemaker_takes_is_refused" {
  command = plan

  variables {
    jobs = { training = { tuning = { max_jobs = 10001, seed = 1 } } }
  }

  expect_failures = [var.jobs]
}

run "a_search_of_half_a_training_is_refused" {
  command = plan

  variables {
    jobs = { training = { tuning = { max_jobs = 2.5, seed = 1 } } }
  }

  expect_failures = [var.jobs]
}

run "more_at_a_time_than_there_are_is_refused" {
  command = plan

  variables {
    jobs = { training = { tuning = { max_jobs = 4, max_parallel_jobs = 5, seed = 1 } } }
  }

  expect_failures = [var.jobs]
}

run "more_at_a_time_than_sagemaker_takes_is_refused" {
  command = plan

  variables {
    jobs = { training = { tuning = { max_jobs = 400, max_parallel_jobs = 101, seed = 1 } } }
  }

  expect_failures = [var.jobs]
}

run "a_seed_below_zero_is_refused" {
  command = plan

  variables {
    jobs = { training = { tuning = { max_jobs = 4, seed = -1 } } }
  }

  expect_failures = [var.jobs]
}

run "a_seed_that_is_no_whole_number_is_refused" {
  command = plan

  variables {
    jobs = { training = { tuning = { max_jobs = 4, seed = 0.5 } } }
  }

  expect_failures = [var.jobs]
}
