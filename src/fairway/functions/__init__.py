"""Lambda functions: boto3, the standard library, and what the container and they read in the same way."""
