variable "name" {
  description = "Name of the bucket, unique in all of AWS."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits and dashes, and starts and ends with a letter or digit; shorten the project's name: ${var.name}."
  }
}

variable "readers" {
  description = "Roles that may read what the store holds, as far as their own policies let them, as ARNs in which * may stand."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for role in var.readers : can(regex("^arn:aws:iam::[0-9]{12}:role/[a-zA-Z0-9_+=,.@*-]+$", role))])
    error_message = "A reader is a role's ARN, in which * stands for any characters; got ${join(", ", var.readers)}."
  }
}

variable "writers" {
  description = "Roles that may also write below runs/, as far as their own policies let them: those that train."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for role in var.writers : contains(var.readers, role)])
    error_message = "A writer reads too: add ${join(", ", setsubtract(var.writers, var.readers))} to readers."
  }
}

variable "servers" {
  description = "Roles that may also write below serving/, as far as their own policies let them: those that serve."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for role in var.servers : can(regex("^arn:aws:iam::[0-9]{12}:role/[a-zA-Z0-9_+=,.@*-]+$", role))])
    error_message = "A server is a role's ARN, in which * stands for any characters; got ${join(", ", var.servers)}."
  }
}

variable "tenants" {
  description = "Accounts that keep something of their own in the store, and the prefix of its keys: whom their policies let, reads, writes and deletes there."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for account, prefix in var.tenants : can(regex("^[0-9]{12}$", account)) && can(regex("^([a-z0-9-]+/)+$", prefix))])
    error_message = "A tenant is an account of twelve digits with a prefix that ends in a slash; got ${jsonencode(var.tenants)}."
  }
}

variable "force_destroy" {
  description = "Whether destroying the store also deletes the objects in it, in all their versions."
  type        = bool
  nullable    = false
}
