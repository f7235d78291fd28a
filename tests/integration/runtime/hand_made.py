"""A tiny image, made by hand: a file of the standard library that trains, processes and serves as the tests ask."""
# ruff: noqa: S310 -- the twin's own address

import gzip
import hashlib
import io
import json
import tarfile
import urllib.request
from collections.abc import Mapping
from typing import Any

PROGRAM = """
import json, os, pathlib, signal, sys, time
ml = pathlib.Path(os.environ["FAIRWAY_ML_ROOT"])

def train():
    parameters = json.loads((ml / "input/config/hyperparameters.json").read_text())
    if parameters.get("ends") == "on-sigterm":
        def stop(*_):
            (ml / "model/half.txt").write_text("so far")
            sys.exit(143)
        signal.signal(signal.SIGTERM, stop)
    if parameters.get("ends") == "never":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("begin", flush=True)
    (ml / "output/data/environment.json").write_text(json.dumps(dict(os.environ)))
    time.sleep(float(parameters.get("seconds", 0)))
    if "takes_gb" in parameters:
        held = b"1" * (int(parameters["takes_gb"]) << 30)
        signal.pause()
    if "fails" in parameters:
        (ml / "output/failure").write_text(parameters["fails"])
        sys.exit(3)
    read = {str(p.relative_to(ml)): p.read_text() for p in sorted((ml / "input/data").rglob("*")) if p.is_file()}
    print("validation:auc=0.50;", flush=True)
    print("validation:auc=0.75;", flush=True)
    (ml / "model/read.json").write_text(json.dumps(read, sort_keys=True))
    config = {p.name: json.loads(p.read_text()) for p in (ml / "input/config").iterdir()}
    (ml / "output/data/config.json").write_text(json.dumps(config, sort_keys=True))

def process():
    source, target = ml / "processing/input/raw", ml / "processing/output/data"
    if os.environ.get("FAIL"):
        (ml / "output/message").write_text(os.environ["FAIL"])
        sys.exit(1)
    (target / "deep").mkdir()
    (target / "deep/count.txt").write_text(str(len(list(source.iterdir()))))
    print("arguments", sys.argv[2:], flush=True)
    told = json.loads((ml / "config/resourceconfig.json").read_text())
    if len(told["hosts"]) > 1:
        files = sorted(p.name for p in source.rglob("*") if p.is_file())
        (target / (told["current_host"] + ".json")).write_text(json.dumps([told["hosts"], files]))
        if os.environ.get("FAILING_HOST") == told["current_host"]:
            (ml / "output/message").write_text("the disk of " + told["current_host"] + " is full")
            sys.exit(5)
    time.sleep(float(os.environ.get("SECONDS_TO_WAIT", 0)))
    (ml / "output/message").write_text("all is well")

def serve():
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    answer = (ml / "model/answer.txt").read_text()
    if os.environ.get("MODE") == "dies":
        print("it dies", flush=True)
        sys.exit(1)
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        def log_message(self, *_):
            pass
        def reply(self, status, text):
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())
        def do_GET(self):
            self.reply(503 if os.environ.get("MODE") == "mute" else 200, "")
        def do_POST(self):
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if os.environ.get("MODE") == "broken":
                asked = "broken"
            if os.environ.get("MODE") == "slow":
                time.sleep(0.5)
            if asked == "bad":
                self.reply(400, "row 1: nothing of this is a number")
            elif asked == "broken":
                self.reply(500, "it broke")
            elif asked == "die" or os.environ.get("MODE") == "mortal":
                os._exit(1)
            elif asked == "pid":
                self.reply(200, str(os.getpid()))
            elif asked == "environment":
                self.reply(200, json.dumps(dict(os.environ)))
            else:
                time.sleep(0.05 if asked == "slow" else 0)
                self.reply(200, answer + ":" + asked + ":" + self.headers["Content-Type"])
    address = os.environ["FAIRWAY_BIND_ADDRESS"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    ThreadingHTTPServer(address, Handler).serve_forever()

{"train": train, "process": process, "serve": serve}[sys.argv[1]]()
"""
FILES = {"opt/program/app.py": PROGRAM.encode()}
ENTRYPOINT = ("python", "/opt/program/app.py")


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def layer(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def push(twin: Any, repository: str, *layers: bytes, entrypoint: tuple[str, ...] = ENTRYPOINT, **settings: Any) -> str:
    """Push an image of these layers to the twin's ECR; return its URI by digest."""
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": entrypoint, "Env": ["PYTHONPATH=/opt/program", "COLOUR=blue"], **settings},
        }
    ).encode()
    for blob in (config, *layers):
        _put(f"{twin.endpoint}/v2/{repository}/blobs/uploads/", blob, "POST")
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"digest": digest_of(config), "size": len(config)},
            "layers": [{"digest": digest_of(blob), "size": len(blob)} for blob in layers],
        }
    )
    digest = digest_of(manifest.encode())
    twin.client("ecr").put_image(
        repositoryName=repository,
        imageManifest=manifest,
        imageTag=digest[7:27],
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
    )
    return f"{twin.account}.dkr.ecr.{twin.region}.amazonaws.com/{repository}@{digest}"


def _put(url: str, blob: bytes, method: str) -> None:
    request = urllib.request.Request(f"{url}?digest={digest_of(blob)}", data=blob, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201


def model_archive(answer: str) -> bytes:
    """model.tar.gz of a model that answers so."""
    return layer({"answer.txt": answer.encode()})
