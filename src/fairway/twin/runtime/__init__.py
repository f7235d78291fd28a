"""The engines: what runs a job or an endpoint as SageMaker would, in processes of this machine."""
