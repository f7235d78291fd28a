mock_provider "aws" {
  source = "../testing"
}

# The modules' own tests look into them; here it counts what they are told.
override_module {
  target = module.model
  outputs = {
    name = "flights-model"
    arn  = "arn:aws:codepipeline:us-east-1:111111111111:flights-model"
  }
}

run "every_build_has_a_buildspec_and_every_buildspec_a_build" {
  assert {
    condition     = toset([for file in fileset("${path.root}/../../buildspecs", "*.yml") : trimsuffix(file, ".yml")]) == toset(keys(local.builds))
    error_message = "Builds are called as their files are."
  }
}

run "one_build_is_privileged" {
  assert {
    condition     = [for name, build in local.builds : name if try(build.privileged, false)] == ["image"]
    error_message = "Only building an image takes a Docker daemon."
  }
}

run "two_builds_become_the_plan_role_and_one_the_deploy_role" {
  assert {
    condition = { for name, build in local.builds : name => [for statement in values(try(build.statements, {})) : one(statement.resources) if contains(statement.actions, "sts:AssumeRole")] if strcontains(jsonencode(try(build.statements, {})), "sts:AssumeRole") } == {
      apply  = ["${local.project_role}-deploy"]
      plan   = ["${local.project_role}-plan"]
      verify = ["${local.project_role}-plan"]
    }
    error_message = "Who plans and verifies reads; who applies deploys; nobody else becomes another role."
  }
}

run "a_star_stands_only_where_an_action_knows_no_resource" {
  assert {
    condition     = toset(flatten([for build in local.builds : [for statement in values(try(build.statements, {})) : statement.actions if contains(statement.resources, "*")]])) == toset(["cloudwatch:DescribeAlarms", "ecr:GetAuthorizationToken"])
    error_message = "All else names its resources."
  }
}

run "what_is_tested_may_do_nothing_on_aws" {
  assert {
    condition     = [for name, build in local.builds : name if length(try(build.statements, {})) == 0] == ["integration", "unit"]
    error_message = "What a pull request's author wrote runs there first."
  }
}

run "who_opens_pull_requests_reads_one_secret" {
  assert {
    condition     = [for name, build in local.builds : name if strcontains(jsonencode(build), "secretsmanager")] == ["apply", "propose"]
    error_message = "The others do not reach GitHub's token."
  }

  assert {
    condition     = alltrue([for name in ["apply", "propose"] : local.builds[name].environment == { GITHUB_TOKEN_SECRET = "${local.name}/github-token" }])
    error_message = "The token comes by the secret's name, never in plain text."
  }
}

run "there_is_a_release_pipeline_for_each_environment" {
  assert {
    condition     = output.release_pipelines == { for name in keys(local.accounts) : name => "${local.name}-release-${name}" if name != "delivery" }
    error_message = "They are called after their environments."
  }
}

run "a_failure_and_an_approval_that_waits_are_told" {
  assert {
    condition = { for name, rule in aws_cloudwatch_event_rule.notice : name => jsondecode(rule.event_pattern) } == {
      failure = {
        source      = ["aws.codepipeline"]
        detail-type = ["CodePipeline Pipeline Execution State Change"]
        detail      = { state = ["FAILED"], pipeline = local.pipelines }
      }
      approval = {
        source      = ["aws.codepipeline"]
        detail-type = ["CodePipeline Action Execution State Change"]
        detail      = { state = ["STARTED"], type = { category = ["Approval"] }, pipeline = local.pipelines }
      }
    }
    error_message = "Of the project's pipelines, and of no others."
  }

  assert {
    condition     = toset(local.pipelines) == toset(concat(["${local.name}-model"], values(output.release_pipelines)))
    error_message = "All of them."
  }
}

run "a_message_is_lines_of_text_whose_placeholders_are_filled" {
  assert {
    condition = alltrue([for target in aws_cloudwatch_event_target.notice :
      toset(flatten(regexall("<([a-z]+)>", one(target.input_transformer).input_template))) == toset(keys(one(target.input_transformer).input_paths))
    ])
    error_message = "Every placeholder has a path in the event, and every path a placeholder."
  }

  assert {
    condition = alltrue(flatten([for target in aws_cloudwatch_event_target.notice :
      [for line in split("\n", one(target.input_transformer).input_template) : can(jsondecode(line))]
    ]))
    error_message = "Each line is a string."
  }

  assert {
    condition     = strcontains(one(aws_cloudwatch_event_target.notice["failure"].input_transformer).input_template, "aws codepipeline retry-stage-execution") && strcontains(one(aws_cloudwatch_event_target.notice["approval"].input_transformer).input_template, "aws codepipeline put-approval-result")
    error_message = "They say what to do."
  }
}

run "the_topic_is_encrypted_and_takes_the_rules_messages_only" {
  assert {
    condition     = aws_sns_topic.notifications.kms_master_key_id == aws_kms_key.this.arn && one(jsondecode(aws_sns_topic_policy.notifications.policy).Statement).Principal == { Service = "events.amazonaws.com" }
    error_message = "EventBridge alone writes, with the pipelines' key."
  }
}
