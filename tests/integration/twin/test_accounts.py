"""Accounts are apart, and what a resource's own policy opens to another account is read from there."""

import json

import pytest
from botocore.exceptions import ClientError
from tests.integration.runtime.hand_made import FILES, layer, push

OTHER = "444444444444"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


@pytest.fixture
def reader(twin, unique):
    """Make a role of the other account with these statements; return its ARN and its credentials."""

    def make(*statements):
        root = {"AccessKeyId": OTHER, "SecretAccessKey": "test"}
        iam, name = twin.client("iam", root), unique("reader")
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy(*statements))
        return arn, twin.client("sts", root).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]

    return make


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def opened_to(role, action, resource=None):
    told = {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": action}
    return told | {"Condition": {"ArnLike": {"aws:PrincipalArn": role}}} | ({"Resource": resource} if resource else {})


def test_an_image_is_pulled_from_another_account_if_both_accounts_allow_it(twin, unique, reader):
    repository = unique("shared")
    ecr = twin.client("ecr")
    arn = ecr.create_repository(repositoryName=repository)["repository"]["repositoryArn"]
    digest = push(twin, repository, layer(FILES)).rpartition("@")[2]
    may, granted = reader({"Action": PULL, "Resource": arn})
    _, refused = reader({"Action": PULL, "Resource": arn})
    _, without = reader({"Action": PULL, "Resource": arn.replace(repository, "another")})

    def pull(credentials, registry=twin.account):
        return twin.client("ecr", credentials).batch_get_image(
            registryId=registry, repositoryName=repository, imageIds=[{"imageDigest": digest}]
        )

    with pytest.raises(ClientError, match="AccessDenied"):  # without a policy nothing is open to another account
        pull(granted)
    ecr.set_repository_policy(repositoryName=repository, policyText=policy(opened_to(may, PULL)))
    assert pull(granted)["images"][0]["registryId"] == twin.account
    for credentials in (refused, without):
        with pytest.raises(ClientError, match="AccessDenied"):
            pull(credentials)
    with pytest.raises(ClientError, match="AccessDenied"):  # a registry is named, not looked for
        pull(granted, OTHER)


def test_a_bucket_is_opened_to_a_role_of_another_account_and_to_no_other(twin, unique, reader):
    bucket = unique("shared")
    s3, objects = twin.client("s3"), f"arn:aws:s3:::{bucket}/*"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="model", Body=b"m")
    may, granted = reader({"Action": "s3:GetObject", "Resource": objects})
    _, refused = reader({"Action": "s3:GetObject", "Resource": objects})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(opened_to(may, "s3:GetObject", objects)))
    assert twin.client("s3", granted).get_object(Bucket=bucket, Key="model")["Body"].read() == b"m"
    with pytest.raises(ClientError, match="AccessDenied"):
        twin.client("s3", refused).get_object(Bucket=bucket, Key="model")
