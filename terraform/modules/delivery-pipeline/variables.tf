variable "name" {
  description = "Name of the pipeline."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,53}[a-z0-9]$", var.name))
    error_message = "A pipeline's name has 2 to 55 lower-case letters, digits and dashes, so that its role's name has room; got ${var.name}."
  }
}

variable "execution_mode" {
  description = "What an execution does that meets another one: overtake it between stages (SUPERSEDED), or wait for it (QUEUED)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["SUPERSEDED", "QUEUED"], var.execution_mode)
    error_message = "Executions are SUPERSEDED or QUEUED: in parallel they would overtake each other inside a stage; got ${var.execution_mode}."
  }
}

variable "source_repository" {
  description = "The repository (owner/name), the connection to it, and the branch and paths whose pushes start the pipeline."
  nullable    = false

  type = object({
    name           = string
    connection_arn = string
    branch         = string
    paths          = set(string)
  })

  validation {
    condition     = can(regex("^[\\w.-]+/[\\w.-]+$", var.source_repository.name))
    error_message = "A repository is owner/name; got ${var.source_repository.name}."
  }

  validation {
    condition     = length(var.source_repository.paths) >= 1 && length(var.source_repository.paths) <= 8
    error_message = "A trigger has 1 to 8 paths; got ${length(var.source_repository.paths)}."
  }
}

variable "stages" {
  description = "What follows the source, in order: stages of actions, each of which is a build, a workflow or an approval. Actions of one order run at once."
  nullable    = false

  type = list(object({
    name = string
    actions = map(object({
      order = optional(number, 1)
      build = optional(object({
        project     = string
        arn         = string
        inputs      = optional(list(string), ["source"])
        outputs     = optional(list(string), [])
        environment = optional(map(string), {})
      }))
      workflow = optional(object({
        state_machine_arn = string
        artifact          = string
        file              = string
      }))
      approval = optional(object({
        message = string
        link    = string
      }))
    }))
  }))

  validation {
    condition     = length(var.stages) >= 1 && alltrue([for stage in var.stages : length(stage.actions) >= 1])
    error_message = "A pipeline has a stage after its source, and a stage has an action; not so: ${join(", ", [for stage in var.stages : stage.name if length(stage.actions) == 0])}."
  }

  validation {
    condition     = length(distinct([for stage in var.stages : stage.name])) == length(var.stages) && alltrue([for stage in var.stages : can(regex("^[A-Z][a-z]+$", stage.name)) && stage.name != "Source"])
    error_message = "A stage's name is a word with a capital, used once, and not Source, which the module adds; got ${join(", ", [for stage in var.stages : stage.name])}."
  }

  validation {
    condition     = alltrue(flatten([for stage in var.stages : [for action in stage.actions : length(compact([for kind in [action.build, action.workflow, action.approval] : kind == null ? "" : "one"])) == 1]]))
    error_message = "An action is a build, a workflow or an approval, and one of them only; look at ${join(", ", flatten([for stage in var.stages : [for name, action in stage.actions : name if length(compact([for kind in [action.build, action.workflow, action.approval] : kind == null ? "" : "one"])) != 1]]))}."
  }

  validation {
    condition     = length(distinct(flatten([for stage in var.stages : keys(stage.actions)]))) == length(flatten([for stage in var.stages : keys(stage.actions)])) && alltrue(flatten([for stage in var.stages : [for name in keys(stage.actions) : can(regex("^[a-z]+$", name)) && name != "source"]]))
    error_message = "An action's name is a word in lower case, and the namespace of its variables: used once in the pipeline, and not source; got ${join(", ", flatten([for stage in var.stages : keys(stage.actions)]))}."
  }

  validation {
    condition = alltrue(flatten([for index, stage in var.stages : [for action in stage.actions : [
      for artifact in concat(try(action.build.inputs, []), try([action.workflow.artifact], [])) : contains(concat(["source"], flatten([
        for before, earlier in var.stages : [for other in earlier.actions : try(other.build.outputs, []) if before < index || (before == index && other.order < action.order)]
      ])), artifact)
    ]]]))
    error_message = "An action takes the source or what an earlier action leaves; of these nobody leaves one before it is taken: ${join(", ", distinct(flatten([for stage in var.stages : [for action in stage.actions : concat(try(action.build.inputs, []), try([action.workflow.artifact], []))]])))}."
  }
}

variable "artifacts" {
  description = "The store through which actions hand on their artifacts: its bucket, and the ARN of its key."
  type        = object({ bucket = string, key_arn = string })
  nullable    = false
}

variable "boundary_arn" {
  description = "ARN of the permissions boundary that the project's roles carry."
  type        = string
  nullable    = false
}
