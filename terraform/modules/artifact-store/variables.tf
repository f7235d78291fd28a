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
  description = "Accounts whose roles may read what the store holds, as far as their own policies let them."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.readers : can(regex("^[0-9]{12}$", account))])
    error_message = "A reader is an account, twelve digits; got ${join(", ", var.readers)}."
  }
}

variable "writers" {
  description = "Accounts whose roles may also write below runs/, as far as their own policies let them: those that train."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.writers : contains(var.readers, account)])
    error_message = "A writer reads too: add ${join(", ", setsubtract(var.writers, var.readers))} to readers."
  }
}

variable "force_destroy" {
  description = "Whether destroying the store also deletes the objects in it, in all their versions."
  type        = bool
  nullable    = false
}
