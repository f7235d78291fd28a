"""The outputs of a state, as S3 has it."""

import io
import json

import pytest

from fairway.delivery.state import read_outputs

STATE = {"version": 4, "serial": 3, "outputs": {
    "endpoint_name": {"value": "flights-dev", "type": "string"},
    "names": {"value": ["a"], "type": ["list", "string"], "sensitive": True},
}}  # fmt: skip


class Bucket:
    class exceptions:  # noqa: N801 -- boto3's name
        class NoSuchKey(Exception):  # noqa: N818 -- and this
            pass

    def get_object(self, Bucket, Key):  # noqa: N803 -- and these
        objects = {("state", "dev"): STATE, ("state", "new"): {"version": 4}}
        if (Bucket, Key) not in objects:
            raise self.exceptions.NoSuchKey
        return {"Body": io.BytesIO(json.dumps(objects[Bucket, Key]).encode())}


@pytest.mark.parametrize(
    ("key", "outputs"),
    [("dev", {"endpoint_name": "flights-dev", "names": ["a"]}), ("new", {}), ("never applied", {})],
)
def test_outputs_are_those_that_the_last_apply_left(key, outputs):
    assert read_outputs(Bucket(), "state", key) == outputs
