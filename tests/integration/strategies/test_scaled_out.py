"""A rollout of an endpoint that has been scaled out, through the module model-endpoint: no rollout scales in."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.integration.running import RunningTwin, start_twin
from tests.integration.runtime.conftest import Load, settled, wait
from tests.integration.runtime.hand_made import FILES, layer, model_archive, push
from tests.integration.twin.test_terraform import Terraform

pytestmark = pytest.mark.long

MODULE = Path(__file__).parents[3] / "terraform/modules/model-endpoint"
NAME, BUCKET = "flights-prod", "flights-artifacts"
# In AWS's minute, which is a second here, a client of the load sends some twenty requests: enough for any number.
ROOT = f"""
variable "release" {{ type = any }}
variable "most" {{ type = number }}

resource "aws_kms_key" "this" {{
  description             = "of a test"
  deletion_window_in_days = 7
}}

module "endpoint" {{
  source               = "{MODULE}"
  name                 = "{NAME}"
  release              = var.release
  rollout              = {{ canary = {{ percent = 25, bake_seconds = 120 }} }}
  alarms = {{
    error_rate_percent = 1
    p99_latency_ms     = 5000
    quality_psi        = 1
    missing_data       = "notBreaching"
  }}
  autoscaling          = {{ min = 1, max = var.most, invocations_per_instance = 2, scale_out_cooldown_seconds = 0 }}
  artifacts            = {{ bucket = "{BUCKET}", key_arn = aws_kms_key.this.arn }}
  image_repository_arn = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
  key_arn              = aws_kms_key.this.arn
}}
"""


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTwin]:
    running = start_twin(tmp_path_factory.mktemp("scaled") / "twin", {"FAIRWAY_TWIN_SPEED": "60"})
    yield running
    assert running.stop() == 0


class Project:
    """A root of Terraform whose releases are made here, and its endpoint."""

    def __init__(self, twin: RunningTwin, folder: Path) -> None:
        self.sagemaker, self._folder = twin.client("sagemaker"), folder
        s3 = twin.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="runs/a/model.tar.gz", Body=model_archive("a"))
        twin.client("ecr").create_repository(repositoryName="flights")
        self._image = push(twin, "flights", layer(FILES))
        self._given({"release": {"current": None, "previous": None}, "most": 4})
        self._terraform = Terraform(folder, twin.variables, ROOT, suffix="", role="", image="", data="")

    def _given(self, variables: dict[str, Any]) -> None:
        (self._folder / "given.auto.tfvars.json").write_text(json.dumps(variables))

    def apply(self, version: int, *, most: int) -> None:
        """Roll a release out, and find the plan empty afterwards."""
        previous = self._release(version - 1) if version > 1 else None
        self._given({"release": {"current": self._release(version), "previous": previous}, "most": most})
        self._terraform.apply(description="")

    def _release(self, version: int) -> dict[str, Any]:
        return {
            "version": str(version), "model_data_url": f"s3://{BUCKET}/runs/a/model.tar.gz", "image": self._image,
            "model_package_arn": f"arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/{version}",
            "model_data_sha256": "a" * 64, "git_sha": "b" * 40, "metrics": {},
        }  # fmt: skip

    def instances(self) -> int:
        [variant] = self.sagemaker.describe_endpoint(EndpointName=NAME)["ProductionVariants"]
        return int(variant["CurrentInstanceCount"])

    def set_by_hand(self, count: int) -> None:
        """Give the endpoint so many instances, as a person does."""
        wanted = [{"VariantName": "current", "DesiredInstanceCount": count}]
        self.sagemaker.update_endpoint_weights_and_capacities(EndpointName=NAME, DesiredWeightsAndCapacities=wanted)
        wait(lambda: {"instances": self.instances()}, lambda now: now["instances"] == count)

    @contextmanager
    def watched(self) -> Iterator[list[tuple[str, int, int]]]:
        """Note, of each moment that the block lasts, the status and the instances of the old and of the new fleet."""
        seen: list[tuple[str, int, int]] = []
        ended = threading.Event()

        def watch() -> None:
            while not ended.is_set():
                told = self.sagemaker.describe_endpoint(EndpointName=NAME)
                new = told.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])[0]
                count = told["ProductionVariants"][0]["CurrentInstanceCount"]
                seen.append((told["EndpointStatus"], count, new.get("DesiredInstanceCount", 0)))
                time.sleep(0.02)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield seen
        finally:
            ended.set()
            thread.join()


def test_a_rollout_starts_with_what_runs_and_scales_nothing_in(twin: RunningTwin, tmp_path: Path) -> None:
    project = Project(twin, tmp_path)
    project.apply(1, most=4)
    project.set_by_hand(1)
    with Load(twin, NAME) as load:
        wait(lambda: {"instances": project.instances()}, lambda now: now["instances"] == 4, seconds=60)
        settled(twin, NAME)
        with project.watched() as seen:
            project.apply(2, most=4)
        started = {new for _, _, new in seen if new}
        assert started == {4}
        assert min(now for _, now, _ in seen) == 4
        with project.watched() as seen:
            project.apply(3, most=6)
        assert {new for _, _, new in seen if new} == {6}  # the most that may run: what runs is not told to Terraform
        assert min(now for _, now, _ in seen) == 4
    assert load.failures == []
    assert settled(twin, NAME)["EndpointConfigName"].startswith(f"{NAME}-3-")
