"""Builds the image of a checkout, pushes it to ECR and names it by digest.

`publish_sources` is for the twin: the one-layer image of the same sources, by ECR's API alone. `publish_with_docker` is
for AWS: the Dockerfile, on a base that is named by digest. Neither pushes what the repository holds already.
"""

import base64
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from fairway.delivery.oci import Blob, OciImage, build_image, read_sources
from fairway.errors import BaseImageError, DockerError, ImagePushError, ToolMissingError

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

BY_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")


def publish_sources(checkout: Path, *, repository_url: str, ecr: "ECRClient") -> str:
    """Build the one-layer image of `checkout`, push it and return its URI by digest."""
    return publish_image(build_image(read_sources(checkout)), repository_url=repository_url, ecr=ecr)


def publish_image(image: OciImage, *, repository_url: str, ecr: "ECRClient") -> str:
    """Push an image, unless the repository holds it, and return its URI by digest."""
    repository = _repository(repository_url)
    try:
        for blob in _missing(ecr, repository, image):
            _upload(ecr, repository, blob)
        _put_manifest(ecr, repository, image)
    except ClientError as error:
        raise ImagePushError(repository_url, str(error)) from error
    return f"{repository_url}@{image.digest}"


def publish_with_docker(checkout: Path, *, repository_url: str, git_sha: str, base_image: str, ecr: "ECRClient") -> str:
    """Build the Dockerfile of `checkout`, push it as `git_sha` and return its URI by digest.

    Tags are immutable and a commit does not change: one that is there is not built again.
    """
    if not BY_DIGEST.fullmatch(base_image):
        raise BaseImageError(base_image)
    repository, tagged = _repository(repository_url), f"{repository_url}:{git_sha}"
    digest = _digest_of_tag(ecr, repository, git_sha)
    if digest is None:
        _require_docker()
        _docker(build_command(checkout, tagged, base_image))
        _log_in(ecr, repository_url)
        _docker(["push", "--quiet", tagged])
        digest = _digest_of_tag(ecr, repository, git_sha)
    if digest is None:
        raise ImagePushError(repository_url, f"docker pushed {tagged}, but ECR does not list it")
    return f"{repository_url}@{digest}"


def build_command(checkout: Path, tagged: str, base_image: str) -> list[str]:
    """Return docker's arguments for the image that SageMaker runs.

    SageMaker takes a plain image manifest of amd64; with provenance, BuildKit would push an index, which it refuses.
    """
    options = ["--platform", "linux/amd64", "--provenance=false", "--build-arg", f"BASE_IMAGE={base_image}"]
    return ["build", *options, "--tag", tagged, str(checkout)]


def _repository(repository_url: str) -> str:
    return repository_url.partition("/")[2]


def _missing(ecr: "ECRClient", repository: str, image: OciImage) -> list[Blob]:
    blobs = {blob.digest: blob for blob in (image.layer, image.config)}
    layers = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=list(blobs))["layers"]
    there = {layer.get("layerDigest") for layer in layers if layer.get("layerAvailability") == "AVAILABLE"}
    return [blob for digest, blob in blobs.items() if digest not in there]


def _upload(ecr: "ECRClient", repository: str, blob: Blob) -> None:
    upload = ecr.initiate_layer_upload(repositoryName=repository)
    upload_id, part_size = upload["uploadId"], upload["partSize"]
    for first in range(0, len(blob.content), part_size):
        part = blob.content[first : first + part_size]
        ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload_id,
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[blob.digest])


def _put_manifest(ecr: "ECRClient", repository: str, image: OciImage) -> None:
    """Put the image under a tag made of its digest: the tag cannot come to mean anything else."""
    tag = image.digest.replace(":", "-")
    if _digest_of_tag(ecr, repository, tag) == image.digest:
        return
    ecr.put_image(
        repositoryName=repository,
        imageManifest=image.manifest.content.decode(),
        imageManifestMediaType=image.manifest.media_type,
        imageTag=tag,
        imageDigest=image.digest,
    )


def _digest_of_tag(ecr: "ECRClient", repository: str, tag: str) -> str | None:
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
    return next((image["imageId"]["imageDigest"] for image in answer["images"]), None)


def _log_in(ecr: "ECRClient", repository_url: str) -> None:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    registry = repository_url.partition("/")[0]
    _docker(["login", "--username", user, "--password-stdin", registry], stdin=password)


def _require_docker() -> None:
    try:
        done = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        remedy = "Install it, or let the pipeline's build project build the image."
        raise ToolMissingError("docker", None, "Docker with a running daemon", remedy) from error
    if done.returncode != 0:
        raise DockerError("version", done.stderr.strip() or f"exit code {done.returncode}")


def _docker(arguments: Sequence[str], stdin: str | None = None) -> None:
    # A build takes minutes: docker's own progress is shown as it comes.
    done = subprocess.run(["docker", *arguments], input=stdin, text=True, check=False)
    if done.returncode != 0:
        raise DockerError(arguments[0], f"exit code {done.returncode}; its own words are above.")
