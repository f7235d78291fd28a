import io

import pytest

from fairway.delivery import asking
from fairway.errors import AnswerFailedError, AnswerMissingError


class Store:
    """S3 with objects by address; those of `later` appear at the n-th look."""

    def __init__(self, later=None):
        self.objects, self.later, self.looks = {}, later or {}, 0

    def put_object(self, *, Bucket, Key, Body, ContentType):  # noqa: N803  # as boto3 spells it
        self.objects[f"s3://{Bucket}/{Key}"] = Body, ContentType

    def list_objects_v2(self, *, Bucket, Prefix, MaxKeys):  # noqa: N803
        assert MaxKeys == 1
        url = f"s3://{Bucket}/{Prefix}"
        self.looks += 1
        there = url in self.later and self.looks > self.later[url][0]
        return {"Contents": [{"Key": Prefix}]} if there else {}

    def get_object(self, *, Bucket, Key):  # noqa: N803
        return {"Body": io.BytesIO(self.later[f"s3://{Bucket}/{Key}"][1])}


class Runtime:
    def __init__(self, headers=None):
        self.asked, self.headers = [], headers or {}

    def invoke_endpoint_async(self, **request):
        self.asked.append(request)
        return {"OutputLocation": "s3://b/out/1.out", "FailureLocation": "s3://b/failed/1-error.out"}

    def invoke_endpoint(self, **request):
        self.asked.append(request)
        return {"Body": io.BytesIO(b"[1]"), "ResponseMetadata": {"HTTPHeaders": self.headers}}


def ask_later(store, clock=lambda: 0.0):
    runtime = Runtime()
    reply = asking.ask_later(
        runtime, store, "flights-dev", b"[]", folder="s3://b/serving/flights-dev", content_type="application/json",
        sleep=lambda _: None, clock=clock,
    )  # fmt: skip
    return reply, runtime.asked


def test_a_request_is_put_and_its_answer_awaited():
    store = Store({"s3://b/out/1.out": (5, b"[0.5]")})
    reply, asked = ask_later(store)
    assert reply.body == b"[0.5]"
    assert reply.release is None
    assert store.looks > 5
    [(where, put)] = store.objects.items()
    assert where.startswith("s3://b/serving/flights-dev/asynchronous/input/")
    assert put == (b"[]", "application/json")
    assert asked[0]["InputLocation"] == where


def test_a_failure_is_told_with_its_words():
    with pytest.raises(AnswerFailedError, match=r"failed/1-error.out says why: row 3"):
        ask_later(Store({"s3://b/failed/1-error.out": (3, b"row 3")}))


def test_an_answer_that_does_not_come_is_not_awaited_for_ever():
    moments = iter([0.0, 1.0, asking.WAIT_SECONDS + 1])
    with pytest.raises(AnswerMissingError, match="a scaling policy"):
        ask_later(Store(), clock=lambda: next(moments))


def test_one_of_several_variants_is_asked_by_its_name():
    runtime = Runtime({"x-amzn-sagemaker-custom-attributes": "release=8,git_sha=abc,request_id=1"})
    assert asking.ask(runtime, "flights-dev", b"[]", "application/json", "challenger").release == "8"
    assert runtime.asked[0]["TargetVariant"] == "challenger"
    asking.ask(runtime, "flights-dev", b"[]", "application/json")
    assert "TargetVariant" not in runtime.asked[1]


@pytest.mark.parametrize(
    ("config", "mode"),
    [
        ({"ProductionVariants": [{}]}, "real_time"),
        ({"ProductionVariants": [{"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}]}, "serverless"),
        ({"ProductionVariants": [{}], "AsyncInferenceConfig": {"OutputConfig": {}}}, "asynchronous"),
    ],
)
def test_a_mode_is_read_from_the_configuration(config, mode):
    assert asking.mode_of(config) == mode
