mock_provider "aws" {
  source = "../../testing"
}

variables {
  name          = "flights-artifacts-111111111111-us-east-1"
  readers       = ["arn:aws:iam::222222222222:role/flights-prod-*", "arn:aws:iam::111111111111:role/flights-dev-*"]
  writers       = ["arn:aws:iam::111111111111:role/flights-dev-*"]
  force_destroy = true
}

run "plain_http_is_refused_to_everyone" {
  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement[0] == {
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::mocked-bucket", "arn:aws:s3:::mocked-bucket/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
    error_message = "The first statement of the bucket's policy denies all that does not come by TLS."
  }
}

run "nothing_becomes_public" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
      aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced",
    ])
    error_message = "All four public access blocks are on, and access lists are off."
  }
}

run "everything_is_kept_and_encrypted_by_the_stores_own_key" {
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "The bucket is versioned."
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      rule.bucket_key_enabled && one(rule.apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.this.arn
    ])
    error_message = "The bucket encrypts with the store's key."
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "The key rotates."
  }
}

run "readers_read_and_writers_write_below_runs_only" {
  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement[1] == {
      Sid       = "Readers"
      Effect    = "Allow"
      Principal = { AWS = ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"] }
      Action    = ["s3:GetObject", "s3:ListBucket"]
      Resource  = ["arn:aws:s3:::mocked-bucket", "arn:aws:s3:::mocked-bucket/*"]
      Condition = { ArnLike = { "aws:PrincipalArn" = ["arn:aws:iam::111111111111:role/flights-dev-*", "arn:aws:iam::222222222222:role/flights-prod-*"] } }
    }
    error_message = "Readers get and list, and they are roles, not accounts."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement[2] == {
      Sid       = "Writers"
      Effect    = "Allow"
      Principal = { AWS = ["arn:aws:iam::111111111111:root"] }
      Action    = ["s3:PutObject", "s3:AbortMultipartUpload"]
      Resource  = ["arn:aws:s3:::mocked-bucket/runs/*"]
      Condition = { ArnLike = { "aws:PrincipalArn" = ["arn:aws:iam::111111111111:role/flights-dev-*"] } }
    }
    error_message = "Writers put below runs/."
  }

  assert {
    condition = { for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Sid => try(statement.Condition.ArnLike["aws:PrincipalArn"], []) } == {
      AccountDecides = []
      Readers        = ["arn:aws:iam::111111111111:role/flights-dev-*", "arn:aws:iam::222222222222:role/flights-prod-*"]
      Writers        = ["arn:aws:iam::111111111111:role/flights-dev-*"]
    }
    error_message = "The same readers and writers may use the key."
  }
}

run "a_store_of_one_account_shares_nothing" {
  variables {
    readers = []
    writers = []
  }

  assert {
    condition     = length(jsondecode(aws_s3_bucket_policy.this.policy).Statement) == 1 && length(jsondecode(aws_kms_key.this.policy).Statement) == 1
    error_message = "Without readers the bucket's policy only denies, and the key belongs to the account."
  }
}

run "a_tenant_has_its_own_prefix_and_no_more" {
  variables {
    tenants = { "333333333333" = "bootstrap/333333333333/" }
  }

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      [statement.Principal.AWS, flatten([statement.Action]), statement.Resource] if startswith(statement.Sid, "Tenant")
      ] == [
      [["arn:aws:iam::333333333333:root"], ["s3:ListBucket"], "arn:aws:s3:::mocked-bucket"],
      ["arn:aws:iam::333333333333:root", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], "arn:aws:s3:::mocked-bucket/bootstrap/333333333333/*"],
    ]
    error_message = "A tenant lists the bucket, and reads and writes below its prefix."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Principal.AWS if statement.Sid == "Tenants"]) == ["arn:aws:iam::333333333333:root"]
    error_message = "A tenant may use the key."
  }
}

run "a_tenant_without_a_prefix_of_its_own_is_refused" {
  command = plan

  variables {
    tenants = { "333333333333" = "" }
  }

  expect_failures = [var.tenants]
}

run "destroying_spares_the_objects_unless_asked" {
  variables {
    force_destroy = false
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "The caller decides whether objects go with the bucket."
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Flights"
  }

  expect_failures = [var.name]
}

run "a_reader_that_is_no_role_is_refused" {
  command = plan

  variables {
    readers = ["111111111111"]
    writers = []
  }

  expect_failures = [var.readers]
}

run "a_writer_that_may_not_read_is_refused" {
  command = plan

  variables {
    writers = ["arn:aws:iam::333333333333:role/flights-dev-*"]
  }

  expect_failures = [var.writers]
}

run "servers_write_below_serving_only" {
  variables {
    servers = ["arn:aws:iam::222222222222:role/flights-prod-endpoint"]
  }

  assert {
    condition = one([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : [statement.Resource, statement.Principal.AWS, statement.Condition.ArnLike["aws:PrincipalArn"]] if statement.Sid == "Servers"]) == [
      ["arn:aws:s3:::mocked-bucket/serving/*"], ["arn:aws:iam::222222222222:root"], ["arn:aws:iam::222222222222:role/flights-prod-endpoint"],
    ]
    error_message = "What serves leaves answers, and touches no run."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Action if statement.Sid == "Servers"]) == ["kms:GenerateDataKey"]
    error_message = "The key encrypts for them."
  }
}

run "a_server_that_is_no_role_is_refused" {
  command = plan

  variables {
    servers = ["everyone"]
  }

  expect_failures = [var.servers]
}
