data "aws_caller_identity" "current" {}

locals {
  # Instances with disks of their own encrypt them by themselves, and SageMaker refuses a key for such.
  own_disks  = can(regex("^ml[.](g[4-9]|p3dn|p[4-9]|trn|[cmr][0-9][a-z]*d)", var.instances.type))
  volume_key = local.own_disks ? null : var.key_arn

  # Models and configurations exist for the current and for the previous release, keyed and named by the hash of their
  # content: an update never touches what is in use, and a rollback returns to what still exists.
  containers = { for role, release in var.release : role => {
    image          = release.image
    model_data_url = release.model_data_url
    environment = {
      FAIRWAY_RELEASE = release.version
      FAIRWAY_GIT_SHA = release.git_sha
      FAIRWAY_IMAGE   = release.image
    }
  } if release != null }

  model_names = { for role, container in local.containers :
    role => "${var.name}-${var.release[role].version}-${substr(sha256(jsonencode(container)), 0, 8)}"
  }

  config_names = { for role, model in local.model_names :
    role => "${var.name}-${var.release[role].version}-${substr(sha256(jsonencode([model, var.instances, local.own_disks])), 0, 8)}"
  }

  models  = { for role, name in local.model_names : name => local.containers[role] }
  configs = { for role, name in local.config_names : name => local.model_names[role] }
  wanted  = lookup(local.config_names, "current", null)
}

resource "aws_sagemaker_model" "this" {
  #checkov:skip=CKV_AWS_370:Isolation takes the container's network and AWS credentials away; the local AWS cannot isolate yet, and what is rehearsed there is what runs here
  for_each = local.models

  name               = each.key
  execution_role_arn = aws_iam_role.this.arn

  primary_container {
    image          = each.value.image
    model_data_url = each.value.model_data_url
    environment    = each.value.environment
  }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = startswith(each.value.model_data_url, "s3://${var.artifacts.bucket}/")
      error_message = "A release's model lies in the project's artifact store, s3://${var.artifacts.bucket}/; got ${each.value.model_data_url}."
    }
  }

  # SageMaker looks at the model with the role's permissions as soon as it is named.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  for_each = local.configs

  name        = each.key
  kms_key_arn = local.volume_key

  production_variants {
    variant_name           = "current"
    model_name             = aws_sagemaker_model.this[each.value].name
    instance_type          = var.instances.type
    initial_instance_count = var.instances.count
    initial_variant_weight = 1
  }

  lifecycle {
    # What a release leaves behind goes after the endpoint has moved on; the other order fails the update.
    create_before_destroy = true
  }
}

# Without a deployment_config an update is all at once: the new instances are up before the old ones go.
resource "aws_sagemaker_endpoint" "this" {
  count = local.wanted == null ? 0 : 1

  name                 = var.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this[local.wanted].name

  lifecycle {
    # SageMaker rolls back in silence, and the provider reports success.
    postcondition {
      condition     = self.endpoint_config_name == local.wanted
      error_message = "SageMaker rolled the endpoint ${var.name} back: it runs ${self.endpoint_config_name}, wanted ${coalesce(local.wanted, "none")}. Its FailureReason and the log group /aws/sagemaker/Endpoints/${var.name} say why."
    }
  }

  depends_on = [aws_cloudwatch_log_group.this]
}

# Made before SageMaker would make it, without key and without end.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/sagemaker/Endpoints/${var.name}"
  retention_in_days = 365
  kms_key_id        = var.key_arn
}
