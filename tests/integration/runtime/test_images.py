"""Pulling: what a registry gives is what its digest says, or it is not used."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from tests.integration.runtime.hand_made import digest_of, layer

from fairway.twin.runtime.failures import CallerError
from fairway.twin.runtime.images import Images

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
CONFIG = json.dumps({"config": {"Entrypoint": ["python"], "Env": ["A=b=c"]}}).encode()
LAYER = layer({"opt/a.txt": b"a"})


class Registry:
    """ECR as a forger would run it: the blobs are what `blobs` says, whatever their digests."""

    def __init__(self, manifest):
        self.manifest, self.blobs, self.hosts = manifest, {digest_of(CONFIG): CONFIG, digest_of(LAYER): LAYER}, set()

    def get_authorization_token(self):
        return {}

    def batch_get_image(self, **_):
        return {"images": [{"imageManifest": self.manifest}]}

    def get_download_url_for_layer(self, layerDigest, **_):  # noqa: N803 -- boto3's name
        return {"downloadUrl": f"https://{HOST}/v2/flights/blobs/{layerDigest}"}


@pytest.fixture
def registry():
    parts = {"config": {"digest": digest_of(CONFIG)}, "layers": [{"digest": digest_of(LAYER)}]}
    return Registry(json.dumps({"schemaVersion": 2, **parts}))


@pytest.fixture
def images(registry, tmp_path):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            registry.hosts.add(self.headers["Host"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(registry.blobs[self.path.rpartition("/")[2].removesuffix("?")])

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    twin: Any = SimpleNamespace(
        directory=tmp_path, endpoint=f"http://127.0.0.1:{server.server_port}", client=lambda *_, **__: registry
    )
    yield Images(twin)
    server.shutdown()
    thread.join()
    server.server_close()


def pull(images, registry, identifier=None):
    nobody: Any = None
    return images.pull(f"{HOST}/flights{identifier or '@' + digest_of(registry.manifest.encode())}", nobody)


def test_an_image_is_unpacked_once_and_a_tag_is_resolved(images, registry):
    image = pull(images, registry)
    assert (image.root / "opt/a.txt").read_bytes() == b"a"
    assert image.environment == {"A": "b=c"}
    assert registry.hosts == {HOST}
    registry.blobs.clear()
    assert pull(images, registry, ":latest") == image
    assert image.uri == f"{HOST}/flights@{digest_of(registry.manifest.encode())}"


def test_a_layer_that_is_not_what_its_digest_says_is_not_used(images, registry, tmp_path):
    registry.blobs[digest_of(LAYER)] = layer({"opt/a.txt": b"forged"})
    with pytest.raises(CallerError, match="does not match its digest: its content has sha256:"):
        pull(images, registry)
    assert list((tmp_path / "images").iterdir()) == []


def test_a_manifest_that_is_not_what_was_asked_for_is_not_used(images, registry):
    asked = "@" + digest_of(registry.manifest.encode())
    registry.manifest += " "
    with pytest.raises(CallerError, match="does not match its digest: its manifest has sha256:"):
        pull(images, registry, asked)


def test_an_index_of_images_is_refused(images, registry):
    registry.manifest = json.dumps({"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []})
    with pytest.raises(CallerError, match=r"is no single image: its manifest is 'application/vnd.oci.image.index"):
        pull(images, registry)
