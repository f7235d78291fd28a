# Bucket and region are what project.json says: make passes them.
terraform {
  backend "s3" {
    key          = "environments/staging/terraform.tfstate"
    use_lockfile = true
    encrypt      = true
  }
}
