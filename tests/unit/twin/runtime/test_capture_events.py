"""What data capture writes of a request, in SageMaker's form, and where."""

import base64
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from fairway.twin.runtime.capture_events import Capturing, place, summary, violations
from fairway.twin.runtime.channels import Location
from fairway.twin.runtime.instances import Answer
from fairway.twin.runtime.invocations import Exchange, Sent

BEGAN = datetime(2026, 2, 14, 17, 25, 6, 73_000, tzinfo=UTC)
TYPES = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}


def config(*modes: str, **changes: Any) -> dict[str, Any]:
    options = [{"CaptureMode": mode} for mode in modes or ("Input", "Output")]
    given = {
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "s3://b/captured",
        "CaptureOptions": options,
        **changes,
    }
    return {"DataCaptureConfig": given}


def event(given: dict[str, Any], *, sent: Sent | None = None, body: bytes = b"0.5") -> dict[str, Any]:
    capturing = Capturing.of(given)
    assert capturing is not None
    answer = Answer(200, {"content-type": "text/csv; charset=utf-8"}, body)
    variant: Any = SimpleNamespace(name="main")
    endpoint: Any = SimpleNamespace(name="e")
    return capturing.event(Exchange(endpoint, variant, sent or Sent(b"1,2", "text/csv"), answer, BEGAN, 0.1))


def test_the_documented_form():
    said = event(config(CaptureContentTypeHeader=TYPES))
    identity = said["eventMetadata"].pop("eventId")
    assert len(identity) == 36
    assert said == {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"},
            "endpointOutput": {
                "observedContentType": "text/csv; charset=utf-8",
                "mode": "OUTPUT",
                "data": "0.5",
                "encoding": "CSV",
            },
        },
        "eventMetadata": {"inferenceTime": "2026-02-14T17:25:06Z"},
        "eventVersion": "0",
    }


@pytest.mark.parametrize(
    ("modes", "members"),
    [
        (("Input",), {"endpointInput"}),
        (("Output",), {"endpointOutput"}),
        (("InputAndOutput",), {"endpointInput", "endpointOutput"}),
    ],
)
def test_modes(modes, members):
    assert set(event(config(*modes))["captureData"]) == members


def test_what_no_header_names_is_written_in_base64():
    said = event(config(), body=b"\xff")["captureData"]
    assert (said["endpointInput"]["encoding"], said["endpointInput"]["data"]) == (
        "BASE64",
        base64.b64encode(b"1,2").decode(),
    )
    named = event(config(CaptureContentTypeHeader=TYPES), body=b"\xff")["captureData"]["endpointOutput"]
    assert (named["encoding"], named["data"]) == ("BASE64", "/w==")


def test_the_inference_id_is_the_clients():
    sent = Sent(b"{}", "Application/JSON", inference_id="i-1", custom_attributes="a=b")
    said = event(config(CaptureContentTypeHeader=TYPES), sent=sent)
    assert said["captureData"]["endpointInput"]["encoding"] == "JSON"
    assert said["eventMetadata"]["inferenceId"] == "i-1"
    assert said["eventMetadata"]["customAttributes"] == ["a=b"]


def test_files_lie_by_endpoint_variant_and_hour():
    key = place(Location("b", "captured/"), "flights", "main", BEGAN).key
    assert key.startswith("captured/flights/main/2026/02/14/17/25-06-073-")
    assert key.endswith(".jsonl")


def test_what_describe_endpoint_shows():
    assert summary({}) is None
    shown = {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 20,
        "DestinationS3Uri": "s3://b/captured",
        "KmsKeyId": "",
    }
    assert summary(config()) == shown
    assert Capturing.of(config(EnableCapture=False)) is Capturing.of({}) is None
    assert summary(config(EnableCapture=False)) == {**shown, "EnableCapture": False, "CaptureStatus": "Stopped"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (config(CaptureContentTypeHeader=TYPES), None),
        (config(DestinationS3Uri="https://b"), "not https://b"),
        (config(CaptureContentTypeHeader={"CsvContentTypes": ["a/b"], "JsonContentTypes": ["a/b"]}), "name it once"),
        ({}, None),
    ],
)
def test_rules(given, said):
    broken = " ".join(violations(given))
    assert not broken if said is None else said in broken
