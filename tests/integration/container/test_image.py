import io
import json
import subprocess
import sys
import tarfile
import urllib.request
from urllib.parse import urlsplit

import pytest
from tests.integration.container.conftest import REPOSITORY

from fairway.delivery.image import publish_sources
from fairway.delivery.oci import build_image, read_sources
from fairway.errors import ImagePushError

TOKEN = {"Action": "ecr:GetAuthorizationToken", "Resource": "*"}
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


@pytest.fixture
def repository(twin, unique):
    made = twin.client("ecr").create_repository(repositoryName=unique("flights"), imageTagMutability="IMMUTABLE")
    return made["repository"]


def test_the_sources_are_pushed_once_and_come_back_byte_for_byte(twin, as_role, repository):
    name, url = repository["repositoryName"], repository["repositoryUri"]
    ecr = twin.client("ecr", as_role({"Action": PUSH, "Resource": repository["repositoryArn"]}))
    uri = publish_sources(REPOSITORY, repository_url=url, ecr=ecr)
    assert publish_sources(REPOSITORY, repository_url=url, ecr=ecr) == uri
    image = build_image(read_sources(REPOSITORY))
    assert uri == f"{url}@{image.digest}"
    root = twin.client("ecr")
    (listed,) = root.describe_images(repositoryName=name)["imageDetails"]
    assert (listed["imageDigest"], listed["imageTags"]) == (image.digest, [image.digest.replace(":", "-")])
    address = root.get_download_url_for_layer(repositoryName=name, layerDigest=image.layer.digest)["downloadUrl"]
    parts = urlsplit(address)
    request = urllib.request.Request(f"{twin.endpoint}{parts.path}?{parts.query}", headers={"Host": parts.netloc})  # noqa: S310
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        assert answer.read() == image.layer.content


def test_a_role_that_may_not_push_is_refused_with_a_sentence(twin, as_role, repository):
    allowed = [action for action in PUSH if action != "ecr:PutImage"]
    ecr = twin.client("ecr", as_role({"Action": allowed, "Resource": repository["repositoryArn"]}))
    with pytest.raises(ImagePushError, match=r"The image could not be pushed to .*: .*PutImage"):
        publish_sources(REPOSITORY, repository_url=repository["repositoryUri"], ecr=ecr)


def test_the_layer_alone_is_the_whole_program(tmp_path):
    """Nothing but the layer and its requirements is importable: not the checkout, not what else `fairway` is."""
    image = build_image(read_sources(REPOSITORY))
    with tarfile.open(fileobj=io.BytesIO(image.layer.content), mode="r:gz") as tar:
        tar.extractall(tmp_path, filter="data")
    program = tmp_path / "opt/program"
    modules = ["container", "jobs.prepare", "jobs.train", "jobs.evaluate", "serving.serve", "serving.wsgi"]
    code = f"""
import json, sys
for name in {modules}:
    __import__('fairway.' + name)
import model
tools = {{name.split('.')[0] for name in sys.modules}} & {{'boto3', 'typer', 'ministack'}}
print(json.dumps(sorted(tools)))
print(model.__file__)
"""
    command, only = [sys.executable, "-c", code], {"PYTHONPATH": str(program)}
    done = subprocess.run(command, cwd=program, env=only, capture_output=True, text=True, check=True)
    tools, where = done.stdout.splitlines()
    assert json.loads(tools) == []
    assert where == str(program / "model/__init__.py")
