"""Names of objects in a channel, and addresses in S3."""

from unittest.mock import MagicMock

import pytest

from fairway.twin.runtime.channels import Channels, Location, relative_name
from fairway.twin.runtime.failures import CallerError


@pytest.mark.parametrize(
    ("key", "prefix", "name"),
    [
        ("raw/a.csv", "raw/", "a.csv"),
        ("raw/a.csv", "raw", "a.csv"),
        ("raw/deep/a.csv", "raw", "deep/a.csv"),
        ("raw/a.csv", "raw/a.csv", "a.csv"),
        ("raw/2013-01.csv", "raw/2013", "2013-01.csv"),
        ("raw2/a.csv", "raw", "raw2/a.csv"),
        ("a.csv", "", "a.csv"),
    ],
)
def test_an_object_is_named_by_what_follows_the_prefix(key, prefix, name):
    assert relative_name(key, prefix) == name


def test_a_location_is_read_and_written():
    place = Location.parse("s3://bucket/a/b/")
    assert place == Location("bucket", "a/b/")
    assert place.below("c").uri == "s3://bucket/a/b/c"
    assert Location.parse("s3://bucket").below("c").uri == "s3://bucket/c"


@pytest.mark.parametrize("uri", ["bucket/key", "https://bucket/key", "s3://", "/a/path"])
def test_anything_else_is_refused(uri):
    with pytest.raises(CallerError, match="is no location in S3"):
        Location.parse(uri)


def test_an_object_may_not_leave_its_channel(tmp_path):
    s3 = MagicMock()
    s3.get_paginator.return_value.paginate.return_value = [{"Contents": [{"Key": "raw/../../evil"}]}]
    channels = Channels(s3, role="r", region="us-east-1")
    with pytest.raises(CallerError, match="outside its channel"):
        channels.download("s3://bucket/raw/", tmp_path / "channel")
