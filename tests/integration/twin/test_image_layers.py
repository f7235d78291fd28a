"""ECR's operations for layers: what is uploaded in parts can be pulled, and nothing else."""
# ruff: noqa: S310 -- the twin's own address

import hashlib
import json
import urllib.request
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

CONTENT = b"a layer of two parts"
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def repository(twin, unique):
    name = unique("layers")
    twin.client("ecr").create_repository(repositoryName=name)
    return name


def upload(twin, repository, *parts, digest=DIGEST):
    ecr, first = twin.client("ecr"), 0
    upload_id = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    for part in parts:
        ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload_id,
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
        first += len(part)
    return ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[digest])


def test_what_is_uploaded_in_parts_can_be_pulled(twin, repository):
    assert upload(twin, repository, CONTENT[:5], CONTENT[5:])["layerDigest"] == DIGEST
    ecr = twin.client("ecr")
    other = "sha256:" + "0" * 64
    layers = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[DIGEST, other])["layers"]
    assert [layer["layerAvailability"] for layer in layers] == ["AVAILABLE", "UNAVAILABLE"]
    assert layers[0]["layerSize"] == len(CONTENT)
    url = urlsplit(ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=DIGEST)["downloadUrl"])
    request = urllib.request.Request(twin.endpoint + url.path, headers={"Host": url.hostname})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.read() == CONTENT
    with pytest.raises(ClientError, match="LayersNotFoundException"):
        ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=other)


def test_a_layer_that_is_not_what_its_digest_says_is_refused(twin, repository):
    with pytest.raises(ClientError, match="InvalidLayerException"):
        upload(twin, repository, b"something else")


def test_a_part_that_does_not_follow_is_refused(twin, repository):
    ecr = twin.client("ecr")
    upload_id = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    part = {"partFirstByte": 7, "partLastByte": 9, "layerPartBlob": b"abc"}
    with pytest.raises(ClientError, match="InvalidLayerPartException"):
        ecr.upload_layer_part(repositoryName=repository, uploadId=upload_id, **part)


def test_an_image_without_its_layers_is_refused(twin, repository):
    manifest = json.dumps({"schemaVersion": 2, "config": {"digest": DIGEST}, "layers": []})
    with pytest.raises(ClientError, match="LayersNotFoundException"):
        twin.client("ecr").put_image(repositoryName=repository, imageManifest=manifest)
    upload(twin, repository, CONTENT)
    image = twin.client("ecr").put_image(repositoryName=repository, imageManifest=manifest)["image"]
    assert image["imageId"]["imageDigest"] == "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
