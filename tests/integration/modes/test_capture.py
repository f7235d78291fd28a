"""Data capture on a real twin: files of S3 in SageMaker's layout, of both variants of an A/B test."""

import json
import re

import pytest
from botocore.exceptions import ClientError
from tests.integration.conftest import allow
from tests.integration.runtime.conftest import ask, gone, statements, update, wait

KEY = re.compile(
    r"[^/]+/(?P<endpoint>[^/]+)/(?P<variant>[^/]+)/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl"
)
BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
CSV = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}


@pytest.fixture
def configured(twin, unique, bucket, model):
    """Make a configuration that captures; return its name and the prefix that it captures to."""

    def make(*variants, percent=100, options=BOTH, uses=None, **capture):
        name, prefix = unique("capturing"), unique("captured")
        twin.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {"VariantName": variant, "ModelName": uses or model(variant), "InitialVariantWeight": 1}
                | {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
                for variant in variants or ("a",)
            ],
            DataCaptureConfig={
                "InitialSamplingPercentage": percent,
                "DestinationS3Uri": f"s3://{bucket}/{prefix}",
                "CaptureOptions": options,
                "CaptureContentTypeHeader": CSV,
                **capture,
            },
        )
        return name, prefix

    return make


@pytest.fixture
def captured(twin, bucket):
    """Return the events below a prefix once there are so many, with the variants of their files."""

    def read(prefix, number=1):
        s3 = twin.client("s3")

        def look():
            found = []
            for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("Contents", []):
                match = KEY.fullmatch(item["Key"])
                assert match, item["Key"]
                lines = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().splitlines()
                found += [(match["variant"], json.loads(line)) for line in lines]
            return {"events": found}

        return wait(look, lambda seen: len(seen["events"]) >= number)["events"]

    return read


def test_two_variants_are_captured_apart(twin, endpoint, configured, captured):
    name, prefix = configured("a", "b")
    described = endpoint(name)
    assert described["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": described["DataCaptureConfig"]["DestinationS3Uri"],
        "KmsKeyId": "",
    }
    for number in range(10):
        ask(twin, described["EndpointName"], str(number), InferenceId=f"id-{number}")
    ask(twin, described["EndpointName"], "10", TargetVariant="b")
    events = captured(prefix, 11)
    assert [variant for variant, _ in events].count("a") == 5
    by_body = {event["captureData"]["endpointInput"]["data"]: (variant, event) for variant, event in events}
    assert by_body["10"][0] == "b"
    for variant, event in by_body.values():
        data = event["captureData"]
        assert data["endpointInput"]["encoding"] == "CSV"
        assert data["endpointOutput"]["encoding"] == "BASE64"  # text/plain, which no header names
        assert (event["eventMetadata"].get("inferenceId") is None) == (data["endpointInput"]["data"] == "10")
        assert variant in {"a", "b"}


def test_a_share_is_captured_and_errors_are_not(twin, endpoint, configured, captured):
    name, prefix = configured(percent=25, options=[{"CaptureMode": "Input"}])
    served = endpoint(name)["EndpointName"]
    for _ in range(4):
        with pytest.raises(ClientError, match="row 1"):
            ask(twin, served, "bad")
    for number in range(20):
        ask(twin, served, str(number))
    update(twin, served, configured()[0], RetainDeploymentConfig=True)  # what was captured is written by then
    events = captured(prefix, 5)
    assert [set(event["captureData"]) for _, event in events] == [{"endpointInput"}] * 5
    assert "bad" not in [event["captureData"]["endpointInput"]["data"] for _, event in events]


def test_what_cannot_be_written_fails_no_request(twin, endpoint, configured, model, bucket, repository):  # noqa: PLR0917
    uses = model()
    served = endpoint(configured(uses=uses)[0])["EndpointName"]
    role = twin.client("sagemaker").describe_model(ModelName=uses)["ExecutionRoleArn"]
    allow(twin, role, *statements(bucket, repository, without="objects"))
    assert ask(twin, served, "1")[0] == "a:1:text/csv"
    wait(
        lambda: {"log": (twin.directory / "twin.log").read_text()},
        lambda seen: "requests captured of" in seen["log"],
        seconds=20,
    )
    assert ask(twin, served, "2")[0] == "a:2:text/csv"


def test_captures_are_written_and_encrypted_before_an_endpoint_is_gone(twin, unique, configured, bucket):
    key = twin.client("kms").create_key()["KeyMetadata"]["Arn"]
    name, prefix = configured(KmsKeyId=key)
    sagemaker, served = twin.client("sagemaker"), unique("endpoint")
    sagemaker.create_endpoint(EndpointName=served, EndpointConfigName=name)
    wait(lambda: sagemaker.describe_endpoint(EndpointName=served), lambda found: found["EndpointStatus"] == "InService")
    ask(twin, served, "1")
    sagemaker.delete_endpoint(EndpointName=served)
    gone(twin, served)
    (item,) = twin.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"]
    head = twin.client("s3").head_object(Bucket=bucket, Key=item["Key"])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_capture_can_be_off(endpoint, configured):
    described = endpoint(configured(EnableCapture=False)[0])
    assert described["DataCaptureConfig"]["CaptureStatus"] == "Stopped"
    with pytest.raises(ClientError, match="DestinationS3Uri is s3://"):
        configured(DestinationS3Uri="https://elsewhere")
