output "url" {
  description = "Where predictions are asked for, by POST."
  value       = "${aws_apigatewayv2_api.this.api_endpoint}/predictions"

  # Until then it answers nobody.
  depends_on = [aws_apigatewayv2_stage.this, aws_apigatewayv2_route.predict, aws_lambda_permission.api]
}

output "invoke_arn" {
  description = "What a caller's policy names for execute-api:Invoke, where AWS's policies decide."
  value       = "${aws_apigatewayv2_api.this.execution_arn}/*/POST/predictions"
}

output "deployment" {
  description = "What a deployment of CodeDeploy is made of: where it belongs, the alias, the published version, the hook."
  value = {
    application = aws_codedeploy_app.this.name
    group       = aws_codedeploy_deployment_group.this.deployment_group_name
    function    = aws_lambda_function.this["api"].function_name
    alias       = aws_lambda_alias.live.name
    version     = aws_lambda_function.this["api"].version
    hook        = aws_lambda_function.this["api-check"].function_name
  }
}
