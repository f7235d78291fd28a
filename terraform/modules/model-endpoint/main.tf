data "aws_caller_identity" "current" {}

locals {
  # Models and configurations exist for the current and for the previous release, keyed and named by the hash of their
  # content: an update never touches what is in use, and a rollback returns to what still exists.
  releases = merge(var.release, local.challenger == null ? {} : { challenger = local.challenger })

  containers = { for role, release in local.releases : role => {
    image          = var.script_mode == null ? release.image : var.script_mode.image
    model_data_url = release.model_data_url
    environment = merge(
      {
        FAIRWAY_RELEASE = release.version
        FAIRWAY_GIT_SHA = release.git_sha
        FAIRWAY_IMAGE   = release.image
      },
      local.asynchronous == null ? {} : { FAIRWAY_MAX_BODY_MB = tostring(local.asynchronous.max_payload_mb) },
      var.script_mode == null ? {} : { SAGEMAKER_PROGRAM = "inference.py", SAGEMAKER_SUBMIT_DIRECTORY = "/opt/ml/model/code" },
    )
  } if release != null }

  model_names = { for role, container in local.containers :
    role => "${var.name}-${local.releases[role].version}-${substr(sha256(jsonencode(container)), 0, 8)}"
  }

  # The strategy belongs to the content too: to change it is to roll out, which SageMaker does to another configuration.
  config_names = { for role, model in local.model_names :
    role => "${var.name}-${local.releases[role].version}-${substr(sha256(jsonencode(concat([model, local.instances.type, local.start, local.own_disks, var.rollout, var.alarms != null], local.special))), 0, 8)}" if role != "challenger"
  }

  # What a configuration holds beside a variant of instances; nothing for most, whose names stay what they were.
  special = [for content in [[var.mode, var.capture, local.variants, local.share, lookup(local.model_names, "challenger", null)]] :
    content if local.mode != "real_time" || var.capture != null || var.experiment != null
  ]

  bake_seconds = one([for strategy in var.rollout : strategy.bake_seconds if strategy != null])
  routing      = var.rollout.canary != null ? "CANARY" : var.rollout.linear != null ? "LINEAR" : "ALL_AT_ONCE"

  # At most: SageMaker's pages leave open whether its wait between shifts follows the last one as well.
  baking_seconds = try(
    3 * var.rollout.canary.bake_seconds,
    (ceil(100 / var.rollout.linear.step_percent) + 1) * var.rollout.linear.bake_seconds,
    ceil(100 / var.rollout.rolling.batch_percent) * var.rollout.rolling.bake_seconds,
    var.rollout.all_at_once.bake_seconds,
  )

  # Beside the baking, instances start; SageMaker gives up, and rolls back, before Terraform's hour of waiting is over.
  rollout_seconds = max(600, local.baking_seconds + 1200)

  # A challenger may be the previous release: one model for both.
  models  = { for name, same in { for role, name in local.model_names : name => local.containers[role]... } : name => same[0] }
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

# What the endpoint is replaced by: the other resources' contents change for other reasons, too.
resource "terraform_data" "mode" {
  input = local.mode
}

resource "aws_sagemaker_endpoint" "this" {
  count = local.wanted == null ? 0 : 1

  name                 = var.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this[local.wanted].name

  # Without one, an update is all at once: the new instances are up before the old ones go.
  dynamic "deployment_config" {
    for_each = var.alarms[*]

    content {
      dynamic "blue_green_update_policy" {
        for_each = var.rollout.rolling == null ? [local.bake_seconds] : []

        content {
          maximum_execution_timeout_in_seconds = local.rollout_seconds

          # What surely bakes the last shift, after which the new instances have all the traffic: the wait interval is
          # between two shifts, and all at once has but one.
          termination_wait_in_seconds = local.bake_seconds

          traffic_routing_configuration {
            type                     = local.routing
            wait_interval_in_seconds = local.routing == "ALL_AT_ONCE" ? 0 : local.bake_seconds

            dynamic "canary_size" {
              for_each = var.rollout.canary[*]

              content {
                type  = "CAPACITY_PERCENT"
                value = canary_size.value.percent
              }
            }

            dynamic "linear_step_size" {
              for_each = var.rollout.linear[*]

              content {
                type  = "CAPACITY_PERCENT"
                value = linear_step_size.value.step_percent
              }
            }
          }
        }
      }

      # The way back is not in batches: without a size of its own, all of the old fleet returns at once.
      dynamic "rolling_update_policy" {
        for_each = var.rollout.rolling[*]

        content {
          maximum_execution_timeout_in_seconds = local.rollout_seconds
          wait_interval_in_seconds             = local.bake_seconds

          maximum_batch_size {
            type  = "CAPACITY_PERCENT"
            value = rolling_update_policy.value.batch_percent
          }
        }
      }

      auto_rollback_configuration {
        dynamic "alarms" {
          for_each = local.alarm_names

          content {
            alarm_name = alarms.value
          }
        }
      }
    }
  }

  lifecycle {
    # SageMaker makes no serverless endpoint of one with instances, nor goes back to one: another mode is another endpoint.
    replace_triggered_by = [terraform_data.mode]

    # SageMaker rolls back in silence, and the provider reports success.
    postcondition {
      condition     = self.endpoint_config_name == local.wanted
      error_message = "SageMaker rolled the endpoint ${var.name} back: it runs ${self.endpoint_config_name}, wanted ${coalesce(local.wanted, "none")}. Its FailureReason and the log group /aws/sagemaker/Endpoints/${var.name} say why."
    }
  }

  depends_on = [aws_cloudwatch_log_group.this]
}
