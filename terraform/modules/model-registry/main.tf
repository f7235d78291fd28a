resource "aws_sagemaker_model_package_group" "this" {
  model_package_group_name        = var.name
  model_package_group_description = "Every model that passed the gate, with its metrics and lineage."
}
