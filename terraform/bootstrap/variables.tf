variable "account" {
  description = "The account of project.json to bootstrap: null for delivery's, and that of an environment which has one of its own."
  type        = string
  default     = null

  validation {
    condition     = var.account == null || contains(values(local.project.accounts), coalesce(var.account, "none"))
    error_message = "Only an account of project.json is bootstrapped, one of ${join(", ", distinct(values(local.project.accounts)))}; got ${coalesce(var.account, "none")}."
  }
}
