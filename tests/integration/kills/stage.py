"""A project with a release in production, from a hand-made image that answers at once: what is killed here is delivery.

Its environments are dev, whose release is promoted, prod, which requests are sent to all along, and staging, which is
made and destroyed. They scale, so that Application Auto Scaling has targets too, and roll out all at once.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from tests.integration.main_job.checkout import Checkout, Result, commit, make_checkout
from tests.integration.runtime.hand_made import layer, model_archive, push
from tests.unit.delivery.samples import evaluation

from fairway.delivery.releases import Release, ReleaseFile, to_text

SPEED = "60"
ENVIRONMENTS = ("dev", "staging", "prod")
SCALES = "{ autoscaling = { min = 1, max = 2, invocations_per_instance = 3000 } }"
GOLDEN = {"request": {"instances": [{"x": 1}]}, "response": {"predictions": []}}
SERVER = b"""
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def reply(self, text):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", "release=" + os.environ["FAIRWAY_RELEASE"])
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.reply(b"")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(b'{"predictions": []}')


address = os.environ["FAIRWAY_BIND_ADDRESS"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
ThreadingHTTPServer(address, Handler).serve_forever()
"""


class TwinOf:
    """A checkout's twin, as the tests of the runtime know one."""

    account, region = "111111111111", "us-east-1"

    def __init__(self, checkout: Checkout) -> None:
        self.endpoint, self.client = f"http://127.0.0.1:{checkout.port}", checkout.client


def set_up(root: Path, port: int) -> tuple[Checkout, list[Release]]:
    """Provision what the environments share and register two releases; dev runs the second, prod the first."""
    checkout = make_checkout(root, port, environments=ENVIRONMENTS)
    for name in ENVIRONMENTS:
        path = checkout.root / f"terraform/environments/{name}/main.tf"
        text = re.sub(r"\n  endpoint = \{.*?\n  \}\n", "\n", path.read_text(), flags=re.DOTALL)
        text, times = re.subn(r"(\n  release +=.*\n)", rf"\1\n  endpoint = {SCALES}\n", text)
        assert times == 1
        path.write_text(text)
    path = checkout.root / "project.json"
    project = json.loads(path.read_text())
    project["accounts"]["staging"] = project["accounts"].pop("staging")  # last: dev's release goes to prod
    path.write_text(json.dumps(project))
    done(checkout.fairway("up", FAIRWAY_TWIN_SPEED=SPEED))
    done(checkout.fairway("bootstrap"))
    image = push(TwinOf(checkout), "flights", layer({"opt/program/app.py": SERVER}))
    releases = [register(checkout, image, name) for name in ("one", "two")]
    origin = root.parent / "origin.git"
    write(checkout, "dev", ReleaseFile(current=releases[1], previous=None))
    write(checkout, "prod", ReleaseFile(current=releases[0], previous=None))
    write(checkout, "staging", ReleaseFile(current=releases[0], previous=None))
    commit(checkout)
    checkout.git("config", "user.name", "test")
    checkout.git("config", "user.email", "test@localhost")
    checkout.git("clone", "--quiet", "--bare", ".", str(origin))
    checkout.git("remote", "add", "origin", str(origin))
    return checkout, releases


def register(checkout: Checkout, image: str, name: str) -> Release:
    bucket, archive = "flights-artifacts-111111111111-us-east-1", model_archive(name)
    s3, measured, folder = checkout.client("s3"), evaluation(), f"runs/{name}"
    for key, body in {
        "model.tar.gz": archive, "evaluation.json": json.dumps(measured).encode(),
        "golden.json": json.dumps(GOLDEN).encode(),
    }.items():  # fmt: skip
        s3.put_object(Bucket=bucket, Key=f"{folder}/{key}", Body=body)
    url, digest = f"s3://{bucket}/{folder}/model.tar.gz", hashlib.sha256(archive).hexdigest()
    arn = checkout.client("sagemaker").create_model_package(
        ModelPackageGroupName="flights",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": image, "ModelDataUrl": url}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelMetrics={
            "ModelQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{bucket}/{folder}/evaluation.json"}
            }
        },
        CustomerMetadataProperties={"git_sha": "b" * 40, "model_data_sha256": digest},
    )["ModelPackageArn"]
    return Release(
        version=arn.rpartition("/")[2], model_package_arn=arn, model_data_url=url, model_data_sha256=digest,
        image=image, git_sha="b" * 40, metrics=measured["metrics"],
    )  # fmt: skip


def write(checkout: Checkout, environment: str, file: ReleaseFile) -> None:
    (checkout.root / f"terraform/environments/{environment}/release.json").write_text(to_text(file))


def done(result: Result) -> Result:
    assert result.code == 0, result.out[-3000:] + result.err
    return result


def states(checkout: Checkout) -> dict[str, Any]:
    """Return all Terraform states by their keys."""
    s3, bucket = checkout.client("s3"), "flights-tfstate-111111111111-us-east-1"
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    return {key: json.load(s3.get_object(Bucket=bucket, Key=key)["Body"]) for key in keys if key.endswith(".tfstate")}
