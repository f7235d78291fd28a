"""Releases, training runs and Terraform, from the side of the person or the pipeline that starts them."""
