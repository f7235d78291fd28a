locals {
  boundary_arn = "arn:aws:iam::${local.account}:policy/${local.name}-boundary"
  store        = { bucket = module.store.bucket, key_arn = module.store.key_arn }

  # The way of a release through the environments of project.json, whose order a JSON object loses in Terraform.
  way = [for name in ["dev", "staging", "prod"] : name if contains(keys(local.accounts), name)]

  # By environment: the one after it, and whether a person approves the plan before it is applied.
  releases = { for place, name in local.way : name => {
    next     = try(local.way[place + 1], null)
    approval = name == "prod"
  } }

  # The environment that has the training workflow, where a model begins its way.
  trains = "dev"

  source = {
    name           = local.project.repository
    connection_arn = aws_codeconnections_connection.this.arn
    branch         = "main"
  }

  # A build as a pipeline's action names it.
  build = { for name, build in module.build : name => { project = build.name, arn = build.arn } }
}

# PENDING until a person completes it in the console, once: the output says where.
resource "aws_codeconnections_connection" "this" {
  name          = local.name
  provider_type = "GitHub"
}

# What actions hand to each other. Plans are among it, which hold what a state holds: no other account reads them.
module "store" {
  source = "../modules/artifact-store"

  name          = "${local.name}-pipelines-${local.account}-${local.region}"
  force_destroy = true
}

# A newer commit overtakes an older one between stages: nobody needs a model of what was replaced. The workflow that it starts
# is at home: of one in another account, `make train` and `make release` bring what was trained.
module "model" {
  source = "../modules/delivery-pipeline"
  count  = lookup(local.accounts, local.trains, null) == local.account ? 1 : 0

  name           = "${local.name}-model"
  execution_mode = "SUPERSEDED"
  artifacts      = local.store
  boundary_arn   = local.boundary_arn

  source_repository = merge(local.source, { paths = [
    "src/model/**", "src/fairway/jobs/**", "src/fairway/serving/**", "src/fairway/container.py", "requirements/serving.txt",
    "pipelines/**", "Dockerfile",
  ] })

  stages = [
    {
      name = "Test"
      actions = {
        unit        = { build = local.build.unit }
        integration = { build = local.build.integration }
      }
    },
    {
      name    = "Image"
      actions = { image = { build = local.build.image } }
    },
    {
      name = "Train"
      actions = {
        train = { build = merge(local.build.train, {
          outputs     = ["execution"]
          environment = { ENV = local.trains, IMAGE = "#{image.IMAGE}" }
        }) }
        workflow = {
          order = 2
          workflow = {
            state_machine_arn = "arn:aws:states:${local.region}:${local.account}:stateMachine:${local.name}-${local.trains}-training"
            artifact          = "execution"
            file              = "execution.json"
          }
        }
      }
    },
    {
      name = "Regression"
      actions = { regression = { build = merge(local.build.regression, {
        environment = { ENV = local.trains, EXECUTION_ARN = "#{workflow.ExecutionArn}" }
      }) } }
    },
    {
      name = "Propose"
      actions = { propose = { build = merge(local.build.propose, {
        environment = { ENV = local.trains, EXECUTION_ARN = "#{workflow.ExecutionArn}" }
      }) } }
    },
  ]
}

# One after the other, each to its end: what was approved is not overtaken. An environment in an account of its own has one too:
# Terraform enters that account as the role of its like there, the builds as the one that operates.
module "release" {
  source   = "../modules/delivery-pipeline"
  for_each = local.releases

  name           = "${local.name}-release-${each.key}"
  execution_mode = "QUEUED"
  artifacts      = local.store
  boundary_arn   = local.boundary_arn

  source_repository = merge(local.source, { paths = [
    "terraform/environments/${each.key}/**", "terraform/platform/**", "terraform/modules/**",
  ] })

  stages = concat(
    [{
      name    = "Plan"
      actions = { plan = { build = merge(local.build.plan, { outputs = ["plan"], environment = { ENV = each.key } }) } }
    }],
    [for name in ["Approve"] : {
      name = name
      actions = { approve = { approval = {
        message = "#{plan.SUMMARY} Approved, exactly this plan is applied."
        link    = "#{plan.EVIDENCE}"
      } } }
    } if each.value.approval],
    [{
      name = "Apply"
      actions = { apply = { build = merge(local.build.apply, {
        inputs      = ["source", "plan"]
        environment = { ENV = each.key, PLAN_SHA256 = "#{plan.PLAN_SHA256}" }
      }) } }
    }],
    [{
      name    = "Verify"
      actions = { verify = { build = merge(local.build.verify, { environment = { ENV = each.key } }) } }
    }],
    [for next in each.value.next[*] : {
      name    = "Propose"
      actions = { propose = { build = merge(local.build.propose, { environment = { ENV = next } }) } }
    }],
  )
}
