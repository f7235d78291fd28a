"""An inference API as Terraform provisions it, before an endpoint on a twin whose time runs sixty times as fast."""

import json
import os
import shutil
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from tests.integration.conftest import allow
from tests.integration.running import SOURCES, RunningTwin, start_twin
from tests.integration.runtime.conftest import statements, wait
from tests.integration.runtime.hand_made import layer, push

from fairway.delivery.function_package import write_package
from fairway.delivery.mirror import find_mirror, write_cli_config

SPEED = 60
MODULE = SOURCES.parent / "terraform/modules/inference-api"
SCHEMA = [{"name": "hour", "type": "integer", "required": True, "description": "", "minimum": 0, "maximum": 23}]
# Answers half of the hour, refuses the hour of 13 as a container does, and names its release.
PROGRAM = """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def log_message(self, *_):
        pass
    def reply(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", "release=7")
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.reply(200, {})
    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        if any(row["hour"] == 13 for row in rows):
            self.reply(400, {"error": "row 1: no flight leaves at 13"})
        else:
            self.reply(200, {"predictions": [{"half": row["hour"] / 2} for row in rows]})

address = os.environ["FAIRWAY_BIND_ADDRESS"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
print("serving", flush=True)
ThreadingHTTPServer(address, Handler).serve_forever()
"""
GOLDEN = {
    "schema": SCHEMA,
    "request": {"instances": [{"hour": 3}]},
    "response": {"predictions": [{"half": 1.5}]},
}
ROOT = """
variable "settings" { type = any }
provider "aws" {}
module "api" {
  source        = "MODULE"
  name          = "flights-prod"
  endpoint_name = var.settings.endpoint
  release       = { version = "7", model_package_arn = var.settings.package_arn }
  package       = var.settings.package
  rollout       = { canary = { percent = 25, bake_minutes = 4 } }
  alarms        = { error_rate_percent = 1, p99_latency_ms = 28000 }
  throttle      = { requests_per_second = 100, burst = 200 }
  artifacts     = { bucket = var.settings.bucket, key_arn = var.settings.key }
  key_arn       = var.settings.key
  boundary_arn  = var.settings.boundary
}
output "url" { value = module.api.url }
output "invoke_arn" { value = module.api.invoke_arn }
output "deployment" { value = module.api.deployment }
"""
# Appended to the handler of every version, so that a client sees which one has answered.
NAMES_ITSELF = """
_named = handler
def handler(event, context):
    answer = _named(event, context)
    answer["headers"]["x-version"] = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
    return answer
"""


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTwin]:
    running = start_twin(tmp_path_factory.mktemp("fast") / "twin", {"FAIRWAY_TWIN_SPEED": str(SPEED)})
    yield running
    assert running.stop() == 0
    assert running.processes() == []


@pytest.fixture(scope="session")
def endpoint(twin: RunningTwin) -> dict[str, str]:
    """Start an endpoint, and register what its release recorded; return what the module needs to know."""
    bucket, s3, sagemaker = "shifts", twin.client("s3"), twin.client("sagemaker")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="runs/a/model.tar.gz", Body=layer({"answer.txt": b""}))
    s3.put_object(Bucket=bucket, Key="runs/a/evaluation/golden.json", Body=json.dumps(GOLDEN).encode())
    twin.client("ecr").create_repository(repositoryName=bucket)
    image = push(twin, bucket, layer({"opt/program/app.py": PROGRAM.encode()}))
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = twin.client("iam").create_role(
        RoleName="shifts-endpoint", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    allow(twin, role, *statements(bucket, bucket))
    data = f"s3://{bucket}/runs/a/model.tar.gz"
    container = {"Image": image, "ModelDataUrl": data}
    sagemaker.create_model(ModelName="shifts", ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {"VariantName": "current", "ModelName": "shifts", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="shifts", ProductionVariants=[variant | {"InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName="shifts", EndpointConfigName="shifts")
    sagemaker.create_model_package_group(ModelPackageGroupName="shifts")
    recorded = {"ContentType": "application/json", "S3Uri": f"s3://{bucket}/runs/a/evaluation/evaluation.json"}
    package = sagemaker.create_model_package(
        ModelPackageGroupName="shifts", ModelMetrics={"ModelQuality": {"Statistics": recorded}}
    )["ModelPackageArn"]
    wait(
        lambda: sagemaker.describe_endpoint(EndpointName="shifts"),
        lambda answer: answer["EndpointStatus"] != "Creating",
    )
    key = twin.client("kms").create_key()["KeyMetadata"]["Arn"]
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    boundary = twin.client("iam").create_policy(PolicyName="shifts-boundary", PolicyDocument=json.dumps(everything))
    arn = boundary["Policy"]["Arn"]
    return {"endpoint": "shifts", "package_arn": package, "bucket": bucket, "key": key, "boundary": arn}


@dataclass
class Answer:
    """What the API said."""

    status: int
    headers: Mapping[str, str]
    document: Any


@dataclass
class Root:
    """The Terraform root of the API, and the API itself."""

    twin: RunningTwin
    directory: Path
    settings: dict[str, str]
    outputs: dict[str, Any] = field(default_factory=dict)

    def init(self) -> None:
        (self.directory / "main.tf").write_text(ROOT.replace("MODULE", str(MODULE)))
        for name in ("versions.tf", ".terraform.lock.hcl"):
            shutil.copy(MODULE / name, self.directory)
        self._run("init", "-lockfile=readonly")

    def apply(self, tail: str = "") -> None:
        """Apply the API with a package whose handler ends as `tail` says."""
        self._package(tail)
        self._run("apply", "-auto-approve", "-parallelism=20", *self._variables())
        state = json.loads((self.directory / "terraform.tfstate").read_text())
        self.outputs = {name: output["value"] for name, output in state["outputs"].items()}

    def publish(self, tail: str) -> None:
        """Publish such a version past Terraform, which takes a tenth of the time."""
        package = self._package(tail)
        answer = self.twin.client("lambda").update_function_code(
            FunctionName=self.outputs["deployment"]["function"], ZipFile=package.read_bytes(), Publish=True
        )
        self.outputs["deployment"]["version"] = answer["Version"]

    def changes(self) -> str:
        """Return what a plan would change; nothing where nothing would."""
        said = self._run("plan", *self._variables())
        return "" if "No changes." in said else said

    def destroy(self) -> None:
        self._run("destroy", "-auto-approve", "-parallelism=20", *self._variables())

    def _package(self, tail: str) -> Path:
        package = self.directory / "functions.zip"
        write_package(SOURCES, package)
        _append(package, NAMES_ITSELF + tail)
        return package

    def _variables(self) -> list[str]:
        package = str(self.directory / "functions.zip")
        return ["-input=false", "-var", f"settings={json.dumps({**self.settings, 'package': package})}"]

    def _run(self, *command: str) -> str:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        own = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        if mirror := find_mirror():
            own["TF_CLI_CONFIG_FILE"] = str(write_cli_config(self.directory / "terraform.rc", mirror))
        done = subprocess.run(
            ["terraform", command[0], "-no-color", *command[1:]],
            cwd=self.directory,
            env=inherited | self.twin.variables | own,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(
        self, document: Any, credentials: Mapping[str, Any] | None = None, *, signed: bool = True, **headers: str
    ) -> Answer:
        """POST a request, signed as a client of an API with IAM signs it."""
        request = AWSRequest(
            "POST",
            self.outputs["url"],
            data=json.dumps(document).encode(),
            headers={"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}},
        )
        if signed:
            keys = credentials or {"AccessKeyId": self.twin.account, "SecretAccessKey": "test"}
            signer = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
            SigV4Auth(signer, "execute-api", self.twin.region).add_auth(request)
        response = URLLib3Session(timeout=30).send(request.prepare())
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, lowered, json.loads(response.content))


def _append(package: Path, tail: str) -> None:
    """Write the package again, its handler with more at its end."""
    with zipfile.ZipFile(package) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["fairway/functions/predict.py"] += tail.encode()
    with zipfile.ZipFile(package, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


@pytest.fixture(scope="session")
def api(twin: RunningTwin, endpoint: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Root:
    root = Root(twin, tmp_path_factory.mktemp("api"), endpoint)
    root.init()
    root.apply()
    return root


class Load:
    """Requests one after the other until it is left."""

    def __init__(self, root: Root) -> None:
        self._root, self._ended = root, threading.Event()
        self.answers: list[Answer] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._ended.is_set():
            self.answers.append(self._root.ask({"instances": [{"hour": 3}]}))
            time.sleep(0.05)

    @property
    def versions(self) -> list[str]:
        return [answer.headers.get("x-version", "") for answer in self.answers if answer.status == 200]

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
