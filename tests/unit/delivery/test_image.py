import base64
import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.unit.delivery.test_oci import checkout

from fairway.delivery import image
from fairway.errors import BaseImageError, DockerError, ImagePushError, ToolMissingError

URL = "111111111111.dkr.ecr.us-east-1.amazonaws.com/flights"
BASE = f"public.ecr.aws/docker/library/python@sha256:{'0' * 64}"


class FakeEcr:
    """ECR's push as its API reference says: parts in sequence, verified at the end, tags immutable."""

    def __init__(self, part_size=7):
        self.part_size, self.parts, self.blobs, self.images, self.puts = part_size, {}, {}, {}, 0

    def batch_check_layer_availability(self, repositoryName, layerDigests):  # noqa: N803 -- ECR's name
        assert repositoryName == "flights"
        return {
            "layers": [{"layerDigest": it, "layerAvailability": "AVAILABLE"} for it in layerDigests if it in self.blobs]
        }

    def initiate_layer_upload(self, **_):
        upload = f"upload-{len(self.parts)}"
        self.parts[upload] = b""
        return {"uploadId": upload, "partSize": self.part_size}

    def upload_layer_part(self, *, uploadId, partFirstByte, partLastByte, layerPartBlob, **_):  # noqa: N803
        assert partFirstByte == len(self.parts[uploadId])
        assert partLastByte - partFirstByte + 1 == len(layerPartBlob) <= self.part_size
        self.parts[uploadId] += layerPartBlob

    def complete_layer_upload(self, *, uploadId, layerDigests, **_):  # noqa: N803
        content = self.parts[uploadId]
        assert layerDigests == [f"sha256:{hashlib.sha256(content).hexdigest()}"]
        self.blobs[layerDigests[0]] = content

    def put_image(self, *, imageManifest, imageTag, imageDigest, **_):  # noqa: N803
        assert imageDigest == f"sha256:{hashlib.sha256(imageManifest.encode()).hexdigest()}"
        assert imageTag not in self.images
        self.images[imageTag], self.puts = imageDigest, self.puts + 1

    def batch_get_image(self, *, imageIds, **_):  # noqa: N803
        tag = imageIds[0]["imageTag"]
        return {"images": [{"imageId": {"imageDigest": self.images[tag]}}] if tag in self.images else []}

    def get_authorization_token(self):
        return {"authorizationData": [{"authorizationToken": base64.b64encode(b"AWS:word").decode()}]}


def fake_ecr() -> Any:
    return FakeEcr()


def test_sources_are_pushed_in_parts_and_named_by_digest(tmp_path):
    ecr = fake_ecr()
    uri = image.publish_sources(checkout(tmp_path), repository_url=URL, ecr=ecr)
    url, _, digest = uri.partition("@")
    assert (url, list(ecr.images.values())) == (URL, [digest])
    assert list(ecr.images) == [digest.replace(":", "-")]
    assert len(ecr.blobs) == 2


def test_what_is_there_is_not_pushed_again(tmp_path):
    ecr = fake_ecr()
    first = image.publish_sources(checkout(tmp_path), repository_url=URL, ecr=ecr)
    uploads = len(ecr.parts)
    assert image.publish_sources(tmp_path, repository_url=URL, ecr=ecr) == first
    assert (len(ecr.parts), ecr.puts) == (uploads, 1)


def test_a_refusal_names_the_repository(tmp_path):
    ecr = fake_ecr()

    def refuse(**_):
        raise ClientError(
            {"Error": {"Code": "RepositoryNotFoundException", "Message": "no such"}}, "InitiateLayerUpload"
        )

    ecr.initiate_layer_upload = refuse
    with pytest.raises(ImagePushError, match=rf"could not be pushed to {URL}: .*RepositoryNotFoundException"):
        image.publish_sources(checkout(tmp_path), repository_url=URL, ecr=ecr)


class Docker:
    """Stands for subprocess.run: notes the commands, and pushes to the fake ECR."""

    def __init__(self, ecr, failing=None):
        self.ecr, self.failing, self.commands, self.stdin = ecr, failing, [], []

    def __call__(self, command, **options):
        self.commands.append(command[1:])
        self.stdin.append(options.get("input"))
        if command[1] == "push" and self.ecr is not None:
            self.ecr.images["c" * 40] = f"sha256:{'d' * 64}"
        code = 1 if command[1] == self.failing else 0
        return subprocess.CompletedProcess(command, code, stdout="", stderr="Cannot connect to the Docker daemon.\n")


def publish(ecr, base_image=BASE):
    return image.publish_with_docker(Path(), repository_url=URL, git_sha="c" * 40, base_image=base_image, ecr=ecr)


def test_docker_builds_logs_in_pushes_and_the_digest_is_what_ecr_says(monkeypatch):
    docker = Docker(ecr := fake_ecr())
    monkeypatch.setattr(subprocess, "run", docker)
    assert publish(ecr) == f"{URL}@sha256:{'d' * 64}"
    assert [command[0] for command in docker.commands] == ["version", "build", "login", "push"]
    assert docker.commands[1][:6] == [
        "build", "--platform", "linux/amd64", "--provenance=false", "--build-arg", f"BASE_IMAGE={BASE}",
    ]  # fmt: skip
    assert docker.stdin[2] == "word"
    assert all("word" not in command for command in docker.commands)


def test_a_commit_that_was_pushed_is_not_built_again(monkeypatch):
    docker = Docker(ecr := fake_ecr())
    monkeypatch.setattr(subprocess, "run", docker)
    assert publish(ecr) == publish(ecr)
    assert len(docker.commands) == 4


@pytest.mark.parametrize("base", ["python:3.11-slim", "python@sha256:123", ""])
def test_a_base_that_is_not_named_by_digest_is_refused(base):
    with pytest.raises(BaseImageError, match=r"is not named by digest: expected <repository>@sha256:"):
        publish(fake_ecr(), base_image=base)


def test_no_docker_is_a_sentence(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    with pytest.raises(
        ToolMissingError, match=r"^docker was not found on PATH: Docker with a running daemon is needed\."
    ):
        publish(fake_ecr())


def test_no_daemon_is_docker_s_own_sentence(monkeypatch):
    monkeypatch.setattr(subprocess, "run", Docker(None, failing="version"))
    with pytest.raises(DockerError, match=r"^docker version failed: Cannot connect to the Docker daemon\.$"):
        publish(fake_ecr())


def test_a_build_that_fails_is_not_pushed(monkeypatch):
    docker = Docker(None, failing="build")
    monkeypatch.setattr(subprocess, "run", docker)
    with pytest.raises(DockerError, match=r"^docker build failed: exit code 1"):
        publish(fake_ecr())
    assert [command[0] for command in docker.commands] == ["version", "build"]


def test_a_push_that_ecr_does_not_show_is_no_success(monkeypatch):
    monkeypatch.setattr(subprocess, "run", Docker(None))
    with pytest.raises(ImagePushError, match=r"ECR does not list it"):
        publish(fake_ecr())
