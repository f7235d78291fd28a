mock_provider "aws" {
  source = "../testing"
}

# project.json: dev and prod have accounts of their own, and there is no staging.
run "no_environment_at_home_no_pipeline_and_nothing_to_tell" {
  assert {
    condition     = output.model_pipeline == null && output.release_pipelines == {}
    error_message = "Pipelines are of environments at home; got ${jsonencode(output.release_pipelines)}."
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.notice) == 0 && length(aws_cloudwatch_event_target.notice) == 0
    error_message = "A rule whose pattern names no pipeline is refused by EventBridge."
  }

  assert {
    condition     = toset(jsondecode(aws_sns_topic_policy.notifications.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"]) == toset(["arn:aws:events:us-east-1:111111111111:rule/flights-failure", "arn:aws:events:us-east-1:111111111111:rule/flights-approval"])
    error_message = "The topic's policy is one whether there are rules or not."
  }

  assert {
    condition     = local.releases == { dev = { next = "prod", approval = false }, prod = { next = null, approval = true } }
    error_message = "Without staging, prod comes after dev; got ${jsonencode(local.releases)}."
  }

  assert {
    condition     = local.readers == toset(["arn:aws:iam::222222222222:role/flights-dev-*", "arn:aws:iam::333333333333:role/flights-prod-*"]) && local.writers == ["arn:aws:iam::222222222222:role/flights-dev-*"]
    error_message = "Environments read what is shared, wherever they are, and the one that trains writes."
  }
}
