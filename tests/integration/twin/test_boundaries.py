"""A policy may ask that a role has a permissions boundary, and what the boundary does not allow the role cannot do."""

import json

import pytest
from botocore.exceptions import ClientError

BOUNDED = ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy")
LISTING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
BUCKETS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture
def boundary(twin, unique):
    return twin.client("iam").create_policy(PolicyName=unique("boundary"), PolicyDocument=json.dumps(LISTING))[
        "Policy"
    ]["Arn"]


@pytest.fixture
def deployer(twin, as_role, boundary):
    """IAM, as who may make and change roles with that boundary only."""
    condition = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    return twin.client("iam", as_role({"Action": list(BOUNDED), "Resource": "*", "Condition": condition}))


@pytest.fixture
def trust(twin):
    principal = {"AWS": f"arn:aws:iam::{twin.account}:root"}
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


def refused(call, **request):
    with pytest.raises(ClientError, match="not authorized to perform"):
        call(**request)


def test_a_role_is_made_with_the_boundary_only(twin, unique, deployer, boundary, trust):
    other = twin.client("iam").create_policy(PolicyName=unique("other"), PolicyDocument=json.dumps(BUCKETS))["Policy"][
        "Arn"
    ]
    name = unique("bounded")
    refused(deployer.create_role, RoleName=name, AssumeRolePolicyDocument=trust)
    refused(deployer.create_role, RoleName=name, AssumeRolePolicyDocument=trust, PermissionsBoundary=other)
    deployer.create_role(RoleName=name, AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
    refused(deployer.put_role_permissions_boundary, RoleName=name, PermissionsBoundary=other)
    deployer.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)


def test_a_role_without_the_boundary_cannot_be_changed(twin, unique, deployer, trust):
    name = unique("free")
    twin.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    refused(deployer.put_role_policy, RoleName=name, PolicyName="all", PolicyDocument=json.dumps(BUCKETS))
    refused(deployer.update_assume_role_policy, RoleName=name, PolicyDocument=trust)


def test_a_role_does_no_more_than_its_boundary_allows(twin, unique, deployer, boundary, trust):
    name, bucket = unique("bounded"), unique("bucket")
    role = deployer.create_role(RoleName=name, AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)["Role"][
        "Arn"
    ]
    deployer.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(BUCKETS))
    twin.client("s3").create_bucket(Bucket=bucket)
    bounded = twin.client("s3", twin.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"])
    assert bounded.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    with pytest.raises(ClientError, match="AccessDenied"):
        bounded.put_object(Bucket=bucket, Key="key", Body=b"")
