output "bucket" {
  description = "Name of the bucket."
  # By way of its policy: whoever uses the bucket finds it closed to plain HTTP.
  value = aws_s3_bucket_policy.this.bucket
}

output "key_arn" {
  description = "ARN of the key that encrypts what the bucket holds."
  value       = aws_kms_key.this.arn
}
