import hashlib
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from tests.unit.delivery.samples import release, told

from fairway.delivery import releases
from fairway.errors import ArtifactMismatchError, ArtifactMissingError, ReleaseError

DIGEST = "a" * 64


def parse(current=None, previous=None):
    return releases.parse(json.dumps({"current": current, "previous": previous}), "dev/release.json")


def test_an_environment_without_a_model_has_a_release_file_too():
    assert parse() == releases.ReleaseFile(current=None, previous=None)


def test_what_is_written_is_read_back(tmp_path):
    file = parse(told("8"), told())
    releases.write(tmp_path / "release.json", file)
    assert releases.read(tmp_path / "release.json") == file


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("image", "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights:latest", "never by tag"),
        ("image", f"flights@sha256:{DIGEST}", "never by tag"),
        ("image", "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:abc", "64 hexadecimal digits"),
        ("git_sha", "main", "40 hexadecimal digits"),
        ("git_sha", "b" * 39, "40 hexadecimal digits"),
        ("model_data_sha256", "A" * 64, "64 hexadecimal digits"),
        ("model_data_url", "https://example.com/model.tar.gz", "an S3 address"),
        ("model_data_url", "s3://flights-artifacts/model.pkl", "ends in .tar.gz"),
        ("model_package_arn", "arn:aws:sagemaker:us-east-1:1:model-package/flights/7", "ARN of a model package"),
        ("version", "latest", "number of a model package version"),
        ("version", "0", "number of a model package version"),
        ("metrics", {"auc": "good"}, "number"),
    ],
)  # fmt: skip
def test_a_wrong_member_is_refused_by_name(member, value, expected):
    with pytest.raises(ReleaseError, match=member) as refused:
        parse(told(**{member: value}))
    assert expected in str(refused.value)
    assert str(refused.value).startswith("dev/release.json: ")


@pytest.mark.parametrize("member", list(told()))
def test_a_missing_member_is_named(member):
    without = told()
    del without[member]
    with pytest.raises(ReleaseError, match=rf"`current\.{member}` is missing"):
        parse(without)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON"),
        ('{"current": null}', "`previous` is missing"),
        ('{"current": null, "previous": null, "next": 1}', "`next`"),
        (json.dumps({"current": told(note="hi"), "previous": None}), r"`current\.note`"),
    ],
)
def test_a_wrong_document_is_refused(text, expected):
    with pytest.raises(ReleaseError, match=expected):
        releases.parse(text, "dev/release.json")


@pytest.mark.parametrize(
    ("current", "previous", "expected"),
    [
        (None, told(), r"`previous` is .*: expected null beside a current release that is null"),
        (told(), told(git_sha="e" * 40), r"`previous` is version 7: expected another version than the current one, 7"),
        (told("8", model_package_arn=told("7")["model_package_arn"]), None,
         r"`current\.model_package_arn` is .*flights/7': expected the ARN of version 8"),
    ],
)  # fmt: skip
def test_the_members_have_to_fit_each_other(current, previous, expected):
    with pytest.raises(ReleaseError, match=expected):
        parse(current, previous)


def test_pinning_the_same_version_anew_keeps_the_way_back():
    old, new, mended = release(), release("8"), release("8", metrics={"auc": 0.72})
    assert releases.ReleaseFile(current=new, previous=old).pin(mended) == releases.ReleaseFile(
        current=mended, previous=old
    )


def test_an_environment_has_a_release_file(tmp_path):
    with pytest.raises(ReleaseError, match="does not exist"):
        releases.read(tmp_path / "release.json")


def test_pinning_moves_the_current_release_to_previous():
    old, new = release(), release("8")
    file = releases.ReleaseFile(current=old, previous=None)
    assert file.pin(new) == releases.ReleaseFile(current=new, previous=old)


def test_pinning_the_same_release_again_keeps_the_way_back():
    old, new = release(), release("8")
    file = releases.ReleaseFile(current=new, previous=old)
    assert file.pin(new) is file


def bucket(content: bytes | None) -> Any:
    return Bucket(content)


class Bucket:
    def __init__(self, content: bytes | None):
        self.content = content

    def get_object(self, *, Bucket, Key):  # noqa: N803  # as boto3 spells it
        assert (Bucket, Key) == ("flights-artifacts", "runs/r7/model/t/output/model.tar.gz")
        if self.content is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": StreamingBody(io.BytesIO(self.content), len(self.content))}


def test_the_pinned_artifact_is_accepted():
    content = b"a model" * 1000
    pinned = releases.Release(**told(model_data_sha256=hashlib.sha256(content).hexdigest()))
    releases.verify_artifact(bucket(content), pinned)


def test_a_replaced_artifact_is_refused_with_both_hashes():
    content = b"another model"
    with pytest.raises(ArtifactMismatchError, match=DIGEST) as refused:
        releases.verify_artifact(bucket(content), release())
    assert hashlib.sha256(content).hexdigest() in str(refused.value)


def test_a_missing_artifact_is_refused():
    with pytest.raises(ArtifactMissingError, match="NoSuchKey"):
        releases.verify_artifact(bucket(None), release())
