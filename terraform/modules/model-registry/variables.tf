variable "name" {
  description = "Name of the model package group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", var.name))
    error_message = "A model package group's name has at most 63 letters, digits and dashes, and starts and ends with a letter or digit; got ${var.name}."
  }
}

variable "readers" {
  description = "Accounts whose roles may read the registered models, as far as their own policies let them."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.readers) > 0 && alltrue([for account in var.readers : can(regex("^[0-9]{12}$", account))])
    error_message = "A registry has readers, accounts of twelve digits; got [${join(", ", var.readers)}]."
  }
}

variable "writers" {
  description = "Accounts whose roles may also register models: those that train."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.writers : contains(var.readers, account)])
    error_message = "A writer reads too: add ${join(", ", setsubtract(var.writers, var.readers))} to readers."
  }
}
