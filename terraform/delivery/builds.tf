locals {
  region       = local.project.region
  account      = local.accounts.delivery
  project_role = "arn:aws:iam::${local.account}:role/${local.name}"

  artifacts = "arn:aws:s3:::${module.artifacts.bucket}"
  state     = "arn:aws:s3:::${local.name}-tfstate-${local.account}-${local.region}"
  sagemaker = "arn:aws:sagemaker:${local.region}:${local.account}"

  # The accounts of environments that have one of their own.
  others = setsubtract(values(local.accounts), [local.account])

  # A token of GitHub's, by which pull requests are opened: whoever runs the project puts it there, Terraform never sees it.
  token_secret = "${local.name}/github-token"

  # What several builds do: statements by their names, and by what they are for.
  reading = {
    runs = {
      Runs    = { actions = ["s3:GetObject"], resources = ["${local.artifacts}/runs/*"] }
      RunsKey = { actions = ["kms:Decrypt"], resources = [module.artifacts.key_arn] }
    }
    trained = {
      Trained = {
        actions   = ["states:DescribeExecution"]
        resources = ["arn:aws:states:${local.region}:${local.account}:execution:${local.name}-${local.trains}-training:*"]
      }
    }
    registry = {
      Registry = { actions = ["sagemaker:DescribeModelPackage"], resources = ["${local.sagemaker}:model-package/${local.name}/*"] }
    }
    running = {
      Running = {
        actions   = ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"]
        resources = [for kind in ["endpoint", "endpoint-config", "model"] : "${local.sagemaker}:${kind}/${local.name}-*"]
      }
      # It is a filter that names alarms in a description, not a resource.
      Alarms = { actions = ["cloudwatch:DescribeAlarms"], resources = ["*"] }
    }
    # In another account what runs is looked at, and asked, as the role that bootstrap made for it there.
    elsewhere = { for name in length(local.others) == 0 ? [] : ["Operate"] : name => {
      actions   = ["sts:AssumeRole"]
      resources = [for account in local.others : "arn:aws:iam::${account}:role/${local.name}-operate"]
    } }
    # Terraform's backend: whether its bucket is there.
    state = {
      State = { actions = ["s3:ListBucket"], resources = [local.state] }
    }
  }

  answering = {
    Ask = { actions = ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"], resources = ["${local.sagemaker}:endpoint/${local.name}-*"] }
    # An asynchronous endpoint is asked, and answers, by way of the artifact store.
    Question = { actions = ["s3:PutObject"], resources = ["${local.artifacts}/serving/*/asynchronous/input/*"] }
    Answer   = { actions = ["s3:GetObject"], resources = [for end in ["output", "failure"] : "${local.artifacts}/serving/*/asynchronous/${end}/*"] }
    Wait     = { actions = ["s3:ListBucket"], resources = [local.artifacts], condition = { StringLike = { "s3:prefix" = "serving/*" } } }
    AskKey   = { actions = ["kms:GenerateDataKey"], resources = [module.artifacts.key_arn] }
  }

  proposing = { Token = {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["arn:aws:secretsmanager:${local.region}:${local.account}:secret:${local.token_secret}-*"]
  } }

  builds = {
    unit = {
      description = "Tests what the image holds and what the workflow runs."
      reports     = ["unit"]
    }

    integration = {
      description = "Tests the image's jobs and server, started as SageMaker starts them."
      size        = "medium"
      reports     = ["integration"]
    }

    regression = {
      description = "Tests what was trained against the baseline and against what runs."
      size        = "medium"
      reports     = ["regression"]
      statements = merge(local.reading.trained, local.reading.runs, {
        Find = { actions = ["s3:ListBucket"], resources = [local.artifacts], condition = { StringLike = { "s3:prefix" = "runs/*" } } }
      })
    }

    image = {
      description = "Builds the image and pushes it."
      size        = "medium"
      privileged  = true
      statements = {
        Push = {
          actions = [
            "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeRepositories",
            "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
          ]
          resources = [module.images.arn]
        }
        # A token is for the whole registry: the action knows no resource.
        SignIn = { actions = ["ecr:GetAuthorizationToken"], resources = ["*"] }
      }
    }

    train = {
      description = "Brings the raw data, and writes what the training workflow is started with."
      outputs     = ["execution"]
      statements = {
        Find   = { actions = ["s3:ListBucket"], resources = [local.artifacts], condition = { StringLike = { "s3:prefix" = "raw/*" } } }
        Raw    = { actions = ["s3:AbortMultipartUpload", "s3:PutObject"], resources = ["${local.artifacts}/raw/*"] }
        RawKey = { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [module.artifacts.key_arn] }
      }
    }

    plan = {
      description = "Plans an environment, as the role that reads."
      outputs     = ["plan"]
      statements = merge(local.reading.state, local.reading.runs, {
        Plan = { actions = ["sts:AssumeRole"], resources = ["${local.project_role}-plan"] }
      })
    }

    apply = {
      description     = "Applies the plan that was approved, as the role that deploys, and verifies what runs."
      timeout_minutes = 120
      inputs          = ["source", "plan"]
      environment     = { GITHUB_TOKEN_SECRET = local.token_secret }
      statements = merge(
        local.reading.state, local.reading.runs, local.reading.registry, local.reading.running, local.reading.elsewhere, local.answering,
        local.proposing,
        {
          Deploy = { actions = ["sts:AssumeRole"], resources = ["${local.project_role}-deploy"] }
          # Why a rollout failed.
          History = {
            actions   = ["cloudwatch:DescribeAlarmHistory"]
            resources = ["arn:aws:cloudwatch:${local.region}:${local.account}:alarm:${local.name}-*"]
          }
          LastWords = {
            actions   = ["logs:DescribeLogStreams", "logs:GetLogEvents"]
            resources = ["arn:aws:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/Endpoints/${local.name}-*"]
          }
        },
      )
    }

    verify = {
      description = "Verifies that an environment runs its release, and answers as recorded."
      statements = merge(local.reading.state, local.reading.runs, local.reading.registry, local.reading.running, local.reading.elsewhere, local.answering, {
        Plan = { actions = ["sts:AssumeRole"], resources = ["${local.project_role}-plan"] }
      })
    }

    propose = {
      description = "Opens the pull request that brings an environment a release."
      environment = { GITHUB_TOKEN_SECRET = local.token_secret }
      statements  = merge(local.reading.trained, local.reading.runs, local.reading.registry, local.reading.running, local.reading.elsewhere, local.proposing)
    }
  }
}

module "build" {
  source   = "../modules/build-project"
  for_each = local.builds

  project         = local.name
  name            = each.key
  description     = each.value.description
  size            = try(each.value.size, null)
  timeout_minutes = try(each.value.timeout_minutes, null)
  privileged      = try(each.value.privileged, null)
  environment     = try(each.value.environment, null)
  reports         = try(each.value.reports, null)
  inputs          = try(each.value.inputs, null)
  outputs         = try(each.value.outputs, null)
  statements      = try(each.value.statements, null)
  artifacts       = local.store
  connection_arn  = aws_codeconnections_connection.this.arn
  key_arn         = aws_kms_key.this.arn
  boundary_arn    = local.boundary_arn
}
