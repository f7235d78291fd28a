"""What SageMaker runs in the image: prepare, train and evaluate, on its `/opt/ml` tree."""
