data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  functions = {
    api = {
      handler     = "fairway.functions.predict.handler"
      description = "Answers POST /predictions by the endpoint ${var.endpoint_name}: release ${var.release.version}."
      # Beyond 30 s API Gateway has answered already.
      timeout     = 29
      environment = { FAIRWAY_ENDPOINT = var.endpoint_name }
    }
    api-check = {
      handler     = "fairway.functions.check.handler"
      description = "Asks a new version of ${var.name}-api the golden requests of release ${var.release.version} before it gets traffic."
      timeout     = 60
      environment = {}
    }
  }
}

# A version is code and release: what a release changes is shifted, and rolled back, like a change of the code.
resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:The API's throttle bounds what runs at once, and an account with the initial quota of ten cannot reserve any
  #checkov:skip=CKV_AWS_116:Invoked synchronously, or by CodeDeploy, which takes silence for failure: nothing waits in a queue
  #checkov:skip=CKV_AWS_117:Talks to AWS's public endpoints only, and holds nothing that a network of its own would protect
  #checkov:skip=CKV_AWS_272:The package is built from the commit that is applied, by who applies it
  for_each = local.functions

  function_name    = "${var.name}-${each.key}"
  description      = each.value.description
  role             = aws_iam_role.function[each.key].arn
  runtime          = "python3.11"
  architectures    = ["arm64"]
  handler          = each.value.handler
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  memory_size      = 512 # the processor's share comes with it
  timeout          = each.value.timeout
  publish          = each.key == "api"
  kms_key_arn      = var.key_arn

  environment {
    variables = merge(each.value.environment, { FAIRWAY_MODEL_PACKAGE = var.release.model_package_arn })
  }

  logging_config {
    log_format = "Text" # the functions write JSON themselves
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  tracing_config {
    mode = "Active"
  }

  # A function may run as soon as it is there.
  depends_on = [aws_iam_role_policy.function]
}

# Where it points is CodeDeploy's from its creation on.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The versions that the API reaches."
  function_name    = aws_lambda_function.this["api"].function_name
  function_version = aws_lambda_function.this["api"].version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

resource "aws_lambda_permission" "api" {
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.live.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/POST/predictions"
}
