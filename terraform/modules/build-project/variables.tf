variable "project" {
  description = "Name of the project, as project.json has it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.project))
    error_message = "A project's name has 2 to 20 lower-case letters, digits and dashes, and starts with a letter; got ${var.project}."
  }
}

variable "name" {
  description = "What is built: buildspecs/<name>.yml in the build project <project>-<name>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,19}$", var.name))
    error_message = "A build's name has 2 to 20 lower-case letters and digits, as its buildspec's file; got ${var.name}."
  }
}

variable "description" {
  description = "What the build is for, in a sentence."
  type        = string
  nullable    = false
}

variable "size" {
  description = "Size of the build's machine: small (2 processors, 4 GB), medium (4, 8 GB) or large (8, 16 GB)."
  type        = string
  default     = "small"
  nullable    = false

  validation {
    condition     = contains(["small", "medium", "large"], var.size)
    error_message = "A build's machine is small, medium or large; got ${var.size}."
  }
}

variable "timeout_minutes" {
  description = "After how many minutes a build is ended."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.timeout_minutes >= 5 && var.timeout_minutes <= 480
    error_message = "CodeBuild gives a build 5 to 480 minutes (eight hours); got ${var.timeout_minutes}."
  }
}

variable "privileged" {
  description = "Whether the build starts containers itself, which takes a privileged one."
  type        = bool
  default     = false
  nullable    = false
}

variable "environment" {
  description = "Environment variables beside CLOUD, in plain text: names and addresses, no secrets."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^[A-Z][A-Z0-9_]*$", name)) && name != "CLOUD" && !startswith(name, "CODEBUILD_")])
    error_message = "An environment variable's name has capitals, digits and underscores, and is neither CLOUD nor one of CodeBuild's own; got ${join(", ", keys(var.environment))}."
  }
}

variable "reports" {
  description = "Names of the test reports in the buildspec."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "inputs" {
  description = "Artifacts that builds are given: the source, and what earlier actions left."
  type        = set(string)
  default     = ["source"]
  nullable    = false

  validation {
    condition     = contains(var.inputs, "source")
    error_message = "A build has the source among its inputs, where its buildspec is; got ${join(", ", var.inputs)}."
  }
}

variable "outputs" {
  description = "Artifacts that builds leave for later actions."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setintersection(var.inputs, var.outputs)) == 0
    error_message = "A build leaves other artifacts than it is given; both are ${join(", ", setintersection(var.inputs, var.outputs))}."
  }
}

variable "artifacts" {
  description = "The store from which the pipelines' artifacts come and go: its bucket, and the ARN of its key."
  type        = object({ bucket = string, key_arn = string })
  nullable    = false
}

variable "connection_arn" {
  description = "ARN of the connection by which the source is cloned."
  type        = string
  nullable    = false
}

variable "key_arn" {
  description = "ARN of the key that encrypts the logs."
  type        = string
  nullable    = false
}

variable "boundary_arn" {
  description = "ARN of the permissions boundary that the project's roles carry."
  type        = string
  nullable    = false
}

variable "statements" {
  description = "What the build's commands do on AWS beyond that, by the statement's name: actions in full, and their resources."
  default     = {}
  nullable    = false

  type = map(object({
    actions   = set(string)
    resources = set(string)
    condition = optional(map(map(string)))
  }))

  validation {
    condition     = alltrue(flatten([for statement in var.statements : [for action in statement.actions : can(regex("^[a-z0-9-]+:[A-Za-z]+$", action))]]))
    error_message = "An action is named in full, as s3:GetObject, without a wildcard; got ${join(", ", flatten([for statement in var.statements : statement.actions]))}."
  }

  validation {
    condition     = alltrue([for name in keys(var.statements) : can(regex("^[A-Z][A-Za-z]*$", name)) && !contains(["Log", "Reports", "Inputs", "Outputs", "Owner", "ArtifactKey", "Clone"], name)])
    error_message = "A statement's name has letters, begins with a capital, and is none of the module's own; got ${join(", ", keys(var.statements))}."
  }
}
