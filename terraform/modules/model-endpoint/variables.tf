variable "name" {
  description = "Name of the endpoint, and the prefix of what serves it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "An endpoint's name has 2 to 40 lower-case letters, digits and dashes, which leaves room for a version and a hash; got ${var.name}."
  }
}

variable "release" {
  description = "What release.json says: the release that is current and the one that was, to which a rollback returns."
  nullable    = false

  type = map(object({
    version           = string
    model_package_arn = string
    model_data_url    = string
    model_data_sha256 = string
    image             = string
    git_sha           = string
    metrics           = map(number)
  }))

  validation {
    condition     = join(",", sort(keys(var.release))) == "current,previous"
    error_message = "A release file has exactly the members current and previous, release a release or null; got ${join(", ", keys(var.release))}."
  }

  validation {
    condition     = try(var.release.current != null || var.release.previous == null, true)
    error_message = "A release file has a previous release only beside a current one; swap the two to roll back."
  }

  validation {
    condition     = try(var.release.current.version != var.release.previous.version, true)
    error_message = "The current and the previous release are two; both are version ${try(var.release.current.version, "")}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^[1-9][0-9]{0,8}$", release.version)) if release != null])
    error_message = "A release's version is the number of its model package, as a string; got ${join(", ", [for release in var.release : release.version if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/[a-zA-Z0-9-]+/${release.version}$", release.model_package_arn)) if release != null])
    error_message = "A release's model_package_arn is arn:aws:sagemaker:<region>:<account>:model-package/<group>/<the release's version>; got ${join(", ", [for release in var.release : release.model_package_arn if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^s3://[a-z0-9][a-z0-9.-]+/[^?*]+/model[.]tar[.]gz$", release.model_data_url)) if release != null])
    error_message = "A release's model_data_url is s3://<bucket>/<key>/model.tar.gz; got ${join(", ", [for release in var.release : release.model_data_url if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^[0-9a-f]{64}$", release.model_data_sha256)) if release != null])
    error_message = "A release's model_data_sha256 has 64 hexadecimal digits; got ${join(", ", [for release in var.release : release.model_data_sha256 if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^[^@:\\s]+@sha256:[0-9a-f]{64}$", release.image)) if release != null])
    error_message = "A release names its image by digest, <repository>@sha256:<64 hexadecimal digits>, because a tag can move; got ${join(", ", [for release in var.release : release.image if release != null])}."
  }

  validation {
    condition     = alltrue([for release in var.release : can(regex("^[0-9a-f]{40}$", release.git_sha)) if release != null])
    error_message = "A release's git_sha is a whole commit, 40 hexadecimal digits; got ${join(", ", [for release in var.release : release.git_sha if release != null])}."
  }
}

variable "instances" {
  description = "What the endpoint runs on."
  default     = {}
  nullable    = false

  type = object({
    type  = optional(string, "ml.m5.large")
    count = optional(number, 1)
  })

  validation {
    condition     = can(regex("^ml[.][a-z0-9-]+[.][a-z0-9]+$", var.instances.type))
    error_message = "An instance type is ml.<family>.<size>, such as ml.m5.large; got ${var.instances.type}."
  }

  validation {
    condition     = var.instances.count >= 1 && floor(var.instances.count) == var.instances.count
    error_message = "An endpoint runs on one whole instance or more; got ${var.instances.count}."
  }
}

variable "artifacts" {
  description = "The artifact store that holds the models: its bucket, and the ARN of its key."
  type        = object({ bucket = string, key_arn = string })
  nullable    = false
}

variable "image_repository_arn" {
  description = "ARN of the repository that holds the images."
  type        = string
  nullable    = false
}

variable "key_arn" {
  description = "ARN of the environment's key, which encrypts volumes and logs."
  type        = string
  nullable    = false
}
