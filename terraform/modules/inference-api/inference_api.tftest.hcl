mock_provider "aws" {
  source = "../../testing"
}

variables {
  name          = "flights-prod"
  endpoint_name = "flights-Prod"
  release       = { version = "7", model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/7" }
  package       = "main.tf"
  rollout       = { canary = { percent = 10, bake_minutes = 5 } }
  alarms        = { error_rate_percent = 1, p99_latency_ms = 1000 }
  throttle      = { requests_per_second = 100, burst = 200 }
  artifacts     = { bucket = "flights-artifacts", key_arn = "arn:aws:kms:us-east-1:111111111111:key/artifacts" }
  key_arn       = "arn:aws:kms:us-east-1:111111111111:key/environment"
  boundary_arn  = "arn:aws:iam::111111111111:policy/flights-boundary"
}

run "signatures_and_policies_open_the_api" {
  assert {
    condition     = aws_apigatewayv2_route.predict.authorization_type == "AWS_IAM" && aws_apigatewayv2_route.predict.route_key == "POST /predictions" && length(aws_apigatewayv2_authorizer.jwt) == 0
    error_message = "Without tokens AWS's own authorization decides."
  }

  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 100 && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 200
    error_message = "The stage is throttled."
  }
}

run "tokens_open_the_api_where_they_are_asked_for" {
  variables {
    jwt = { issuer = "https://example.com", audience = ["predictions"], scopes = ["predict"] }
  }

  assert {
    condition     = aws_apigatewayv2_route.predict.authorization_type == "JWT" && aws_apigatewayv2_authorizer.jwt[0].jwt_configuration[0].issuer == "https://example.com" && aws_apigatewayv2_route.predict.authorization_scopes == toset(["predict"])
    error_message = "The issuer's tokens with that scope are taken."
  }
}

run "a_version_is_code_and_release" {
  assert {
    condition     = aws_lambda_function.this["api"].publish && aws_lambda_function.this["api"].environment[0].variables == tomap({ FAIRWAY_ENDPOINT = "flights-Prod", FAIRWAY_MODEL_PACKAGE = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/7" })
    error_message = "Each release publishes a version."
  }

  assert {
    condition     = !aws_lambda_function.this["api-check"].publish && alltrue([for function in aws_lambda_function.this : function.kms_key_arn == var.key_arn && function.tracing_config[0].mode == "Active"])
    error_message = "Settings are encrypted, calls are traced, and the hook has no versions."
  }
}

run "the_api_may_invoke_one_endpoint_and_read_what_was_recorded" {
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.function["api"].policy).Statement : statement.Resource if statement.Sid == "Endpoint"] == ["arn:aws:sagemaker:us-east-1:111111111111:endpoint/flights-prod"]
    error_message = "It is the environment's endpoint, whose ARN is in lower case."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.function["api"].policy).Statement : statement.Resource if contains(["Package", "Golden"], statement.Sid)] == ["arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/7", "arn:aws:s3:::flights-artifacts/runs/*/golden.json"]
    error_message = "Of the registry it is the release's package, of the store the golden files."
  }
}

run "every_role_carries_the_boundary" {
  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.function), [aws_iam_role.shift]) : role.permissions_boundary == var.boundary_arn])
    error_message = "The deploy role may make no role without the boundary."
  }
}

run "codedeploy_may_move_the_alias_and_ask_the_hook" {
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.shift.policy).Statement : statement.Resource if statement.Sid == "Hook"] == ["arn:aws:lambda:us-east-1:111111111111:function:flights-prod-api-check"]
    error_message = "It invokes the hook and no other function."
  }
}

run "a_canary_takes_its_share_for_so_many_minutes" {
  assert {
    condition     = aws_codedeploy_deployment_config.this[0].deployment_config_name == "flights-prod-api-canary-10-percent-5-minutes" && one(one(aws_codedeploy_deployment_config.this[0].traffic_routing_config).time_based_canary).percentage == 10 && one(one(aws_codedeploy_deployment_config.this[0].traffic_routing_config).time_based_canary).interval == 5
    error_message = "The configuration is the canary's."
  }

  assert {
    condition     = one(aws_codedeploy_deployment_group.this.alarm_configuration).alarms == toset(["flights-prod-api-errors", "flights-prod-api-latency"]) && one(aws_codedeploy_deployment_group.this.auto_rollback_configuration).enabled
    error_message = "Both alarms roll back."
  }
}

run "linear_steps_are_equal" {
  variables {
    rollout = { linear = { step_percent = 25, interval_minutes = 3 } }
  }

  assert {
    condition     = one(aws_codedeploy_deployment_config.this[0].traffic_routing_config).type == "TimeBasedLinear" && one(one(aws_codedeploy_deployment_config.this[0].traffic_routing_config).time_based_linear).percentage == 25 && length(one(aws_codedeploy_deployment_config.this[0].traffic_routing_config).time_based_canary) == 0
    error_message = "The configuration is linear."
  }
}

run "all_at_once_is_codedeploys_own_configuration" {
  variables {
    rollout = { all_at_once = {} }
    alarms  = null
  }

  assert {
    condition     = aws_codedeploy_deployment_group.this.deployment_config_name == "CodeDeployDefault.LambdaAllAtOnce" && length(aws_codedeploy_deployment_config.this) == 0 && length(aws_codedeploy_deployment_group.this.alarm_configuration) == 0
    error_message = "Nothing is made and nothing is watched."
  }
}

run "what_a_deployment_needs_is_told" {
  assert {
    condition     = output.deployment.application == "flights-prod-api" && output.deployment.group == "live" && output.deployment.function == "flights-prod-api" && output.deployment.alias == "live" && output.deployment.hook == "flights-prod-api-check" && endswith(output.url, "/predictions")
    error_message = "fairway begins the deployment with these."
  }
}

run "no_strategy_is_refused" {
  command = plan

  variables {
    rollout = {}
  }

  expect_failures = [var.rollout]
}

run "a_canary_of_everything_is_refused" {
  command = plan

  variables {
    rollout = { canary = { percent = 100, bake_minutes = 5 } }
  }

  expect_failures = [var.rollout]
}

run "a_linear_step_of_half_a_percent_is_refused" {
  command = plan

  variables {
    rollout = { linear = { step_percent = 2.5, interval_minutes = 5 } }
  }

  expect_failures = [var.rollout]
}

run "a_canary_that_bakes_a_minute_is_refused" {
  command = plan

  variables {
    rollout = { canary = { percent = 10, bake_minutes = 1 } }
  }

  expect_failures = [var.rollout]
}

run "a_linear_step_of_a_minute_is_refused" {
  command = plan

  variables {
    rollout = { linear = { step_percent = 10, interval_minutes = 1 } }
  }

  expect_failures = [var.rollout]
}

run "a_negative_error_rate_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = -1, p99_latency_ms = 1000 }
  }

  expect_failures = [var.alarms]
}

run "an_error_rate_above_the_canarys_share_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 10, p99_latency_ms = 1000 }
  }

  expect_failures = [var.alarms]
}

run "a_latency_that_the_function_does_not_live_to_see_is_refused" {
  command = plan

  variables {
    alarms = { error_rate_percent = 1, p99_latency_ms = 29000 }
  }

  expect_failures = [var.alarms]
}

run "a_throttle_of_nothing_is_refused" {
  command = plan

  variables {
    throttle = { requests_per_second = 0, burst = 200 }
  }

  expect_failures = [var.throttle]
}

run "an_issuer_without_tls_is_refused" {
  command = plan

  variables {
    jwt = { issuer = "http://example.com", audience = ["predictions"] }
  }

  expect_failures = [var.jwt]
}

run "tokens_for_no_audience_are_refused" {
  command = plan

  variables {
    jwt = { issuer = "https://example.com", audience = [] }
  }

  expect_failures = [var.jwt]
}
