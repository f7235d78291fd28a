resource "aws_sagemaker_endpoint_configuration" "this" {
  for_each = local.configs

  name        = each.key
  kms_key_arn = local.volume_key

  production_variants {
    variant_name           = "current"
    model_name             = aws_sagemaker_model.this[each.value].name
    instance_type          = local.serverless == null ? local.instances.type : null
    initial_instance_count = local.serverless == null ? local.start : null
    initial_variant_weight = try(100 - var.experiment.ab.percent, var.experiment.shadow.percent > 0 ? 100 : 1, 1)

    dynamic "serverless_config" {
      for_each = local.serverless[*]

      content {
        memory_size_in_mb       = serverless_config.value.memory_mb
        max_concurrency         = serverless_config.value.max_concurrency
        provisioned_concurrency = local.provisioned
      }
    }
  }

  dynamic "production_variants" {
    for_each = try(var.experiment.ab[*], [])

    content {
      variant_name           = "challenger"
      model_name             = aws_sagemaker_model.this[local.model_names.challenger].name
      instance_type          = local.instances.type
      initial_instance_count = local.share
      initial_variant_weight = production_variants.value.percent
    }
  }

  # Of 100 requests that the current variant gets, as many as the weight says are copied.
  dynamic "shadow_production_variants" {
    for_each = try(var.experiment.shadow[*], [])

    content {
      variant_name           = "challenger"
      model_name             = aws_sagemaker_model.this[local.model_names.challenger].name
      instance_type          = local.instances.type
      initial_instance_count = local.share
      initial_variant_weight = shadow_production_variants.value.percent
    }
  }

  dynamic "async_inference_config" {
    for_each = local.asynchronous[*]

    content {
      # An empty block would kill the provider.
      dynamic "client_config" {
        for_each = async_inference_config.value.max_concurrent_invocations_per_instance[*]

        content {
          max_concurrent_invocations_per_instance = client_config.value
        }
      }

      output_config {
        s3_output_path  = "s3://${var.artifacts.bucket}/${local.folder}/asynchronous/output/"
        s3_failure_path = "s3://${var.artifacts.bucket}/${local.folder}/asynchronous/failure/"
        kms_key_id      = var.artifacts.key_arn

        notification_config {
          success_topic = aws_sns_topic.this["success"].arn
          error_topic   = aws_sns_topic.this["error"].arn
        }
      }
    }
  }

  # With the environment's own key: what came in production is for fewer eyes than what was trained on.
  dynamic "data_capture_config" {
    for_each = var.capture[*]

    content {
      enable_capture              = true
      initial_sampling_percentage = data_capture_config.value.percent
      destination_s3_uri          = "s3://${var.artifacts.bucket}/${local.folder}/capture"
      kms_key_id                  = var.key_arn

      dynamic "capture_options" {
        for_each = sort(data_capture_config.value.sides)

        content {
          capture_mode = { input = "Input", output = "Output" }[capture_options.value]
        }
      }

      # As they are, not in base64.
      capture_content_type_header {
        csv_content_types  = ["text/csv"]
        json_content_types = ["application/json", "application/jsonlines"]
      }
    }
  }

  lifecycle {
    # What a release leaves behind goes after the endpoint has moved on; the other order fails the update.
    create_before_destroy = true
  }
}
