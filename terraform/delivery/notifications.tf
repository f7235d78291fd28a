locals {
  pipelines = concat(module.model[*].name, [for pipeline in module.release : pipeline.name])
  console   = "https://${local.region}.console.aws.amazon.com/codesuite"

  # What a person should hear of: the event, and what to do about it, line by line.
  notices = {
    failure = {
      description = "An execution of a pipeline of ${local.name} has failed."
      detail_type = "CodePipeline Pipeline Execution State Change"
      detail      = { state = ["FAILED"] }
      lines = [
        "The pipeline <pipeline> has failed: execution <execution>, <time>.",
        "See: ${local.console}/pipelines/<pipeline>/view?region=${local.region}",
        "Why: aws codepipeline list-action-executions --pipeline-name <pipeline> --filter pipelineExecutionId=<execution> --query 'actionExecutionDetails[?status==`Failed`].[stageName,actionName,output.executionResult.errorDetails.message,output.executionResult.externalExecutionUrl]' --output text",
        "Again, from what failed: aws codepipeline retry-stage-execution --pipeline-name <pipeline> --pipeline-execution-id <execution> --retry-mode FAILED_ACTIONS --stage-name STAGE, with the stage that the line above names",
        "An apply that had begun is not retried, since its plan is spent. If it has opened the pull request that reverts the release, merge that; else: aws codepipeline start-pipeline-execution --name <pipeline>",
      ]
    }
    approval = {
      description = "A pipeline of ${local.name} waits for a person's approval."
      detail_type = "CodePipeline Action Execution State Change"
      detail      = { state = ["STARTED"], type = { category = ["Approval"] } }
      lines = [
        "The pipeline <pipeline> waits for an approval in its stage <stage>: execution <execution>, <time>.",
        "Read the plan and its evidence, and decide: ${local.console}/pipelines/<pipeline>/view?region=${local.region}",
        "Or: aws codepipeline get-pipeline-state --name <pipeline> --query 'stageStates[?stageName==`<stage>`].actionStates[].latestExecution.[summary,externalExecutionUrl,token]' --output text",
        "Then: aws codepipeline put-approval-result --pipeline-name <pipeline> --stage-name <stage> --action-name <action> --result status=Approved,summary=REASON --token TOKEN, with the token that the line above names; or status=Rejected",
      ]
    }
  }

  # A project that has no environment yet has no pipeline, and EventBridge refuses a rule for none.
  rules = { for name, notice in local.notices : name => notice if length(local.pipelines) > 0 }
}

resource "aws_sns_topic" "notifications" {
  name              = "${local.name}-notifications"
  display_name      = "Pipelines of ${local.name}"
  kms_master_key_id = aws_kms_key.this.arn
}

resource "aws_sns_topic_policy" "notifications" {
  arn = aws_sns_topic.notifications.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Rules"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.notifications.arn
      Condition = { ArnEquals = { "aws:SourceArn" = [for name in keys(local.notices) : "arn:aws:events:${local.region}:${local.account}:rule/${local.name}-${name}"] } }
    }]
  })
}

resource "aws_cloudwatch_event_rule" "notice" {
  for_each = local.rules

  name        = "${local.name}-${each.key}"
  description = each.value.description

  event_pattern = jsonencode({
    source      = ["aws.codepipeline"]
    detail-type = [each.value.detail_type]
    detail      = merge(each.value.detail, { pipeline = local.pipelines })
  })
}

resource "aws_cloudwatch_event_target" "notice" {
  for_each = local.rules

  rule      = aws_cloudwatch_event_rule.notice[each.key].name
  target_id = "notifications"
  arn       = aws_sns_topic.notifications.arn

  input_transformer {
    input_paths = {
      for name, path in { pipeline = "pipeline", execution = "execution-id", stage = "stage", action = "action", time = null } :
      name => path == null ? "$.${name}" : "$.detail.${path}" if anytrue([for line in each.value.lines : strcontains(line, "<${name}>")])
    }

    # Each line is a string of its own: that is how EventBridge writes text of several lines.
    input_template = join("\n", [for line in each.value.lines : "\"${line}\""])
  }
}
