variable "reading" {
  description = "Whether an account of its own is entered as the role that only reads: a plan for a reviewer is made so. It is no part of the plan, which the role that deploys applies."
  type        = bool
  default     = false
  nullable    = false
  ephemeral   = true
}
