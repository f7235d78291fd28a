resource "aws_apigatewayv2_api" "this" {
  name          = "${var.name}-api"
  description   = "Predictions of ${var.endpoint_name}."
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "predict" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count = var.jwt == null ? 0 : 1

  api_id           = aws_apigatewayv2_api.this.id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt.issuer
    audience = var.jwt.audience
  }
}

resource "aws_apigatewayv2_route" "predict" {
  api_id               = aws_apigatewayv2_api.this.id
  route_key            = "POST /predictions"
  target               = "integrations/${aws_apigatewayv2_integration.predict.id}"
  authorization_type   = var.jwt == null ? "AWS_IAM" : "JWT"
  authorizer_id        = one(aws_apigatewayv2_authorizer.jwt[*].id)
  authorization_scopes = try(var.jwt.scopes, null)
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  description = "The only one: versions are the alias's."
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.throttle.requests_per_second
    throttling_burst_limit = var.throttle.burst
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      request_id   = "$context.requestId"
      time         = "$context.requestTime"
      caller       = "$context.identity.userArn"
      subject      = "$context.authorizer.claims.sub"
      source       = "$context.identity.sourceIp"
      route        = "$context.routeKey"
      status       = "$context.status"
      error        = "$context.error.message"
      milliseconds = "$context.responseLatency"
      integration  = "$context.integrationErrorMessage"
    })
  }
}
