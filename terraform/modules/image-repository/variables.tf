variable "name" {
  description = "Name of the repository."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+([._-][a-z0-9]+)*$", var.name)) && length(var.name) >= 2
    error_message = "A repository's name has lower-case letters and digits with single dots, dashes or underscores between; got ${var.name}."
  }
}

variable "readers" {
  description = "Roles that may pull images, as far as their own policies let them, as ARNs in which * may stand."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.readers) > 0 && alltrue([for role in var.readers : can(regex("^arn:aws:iam::[0-9]{12}:role/[a-zA-Z0-9_+=,.@*-]+$", role))])
    error_message = "A repository has readers, ARNs of roles in which * stands for any characters; got [${join(", ", var.readers)}]."
  }
}

variable "force_destroy" {
  description = "Whether destroying the repository also deletes the images in it."
  type        = bool
  nullable    = false
}
