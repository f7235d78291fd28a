"""A twin that ends, or is killed, in the middle of a rollout leaves no process."""

import signal
import time

import pytest
from tests.integration.running import start_twin
from tests.integration.runtime.conftest import settled, wait


@pytest.fixture(scope="module", params=[signal.SIGTERM, signal.SIGKILL])
def end(request):
    return request.param


@pytest.fixture(scope="module")
def twin(tmp_path_factory, end):  # noqa: ARG001 -- each end is of a twin of its own
    running = start_twin(tmp_path_factory.mktemp("ending") / "twin")  # at AWS's own speed: it bakes for ten minutes
    yield running
    running.process.kill()
    running.process.wait()


def test_no_process_is_left(twin, end, unique, config, model):
    sagemaker, name = twin.client("sagemaker"), unique("endpoint")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config(main=(model("a"), 2, 1)))
    settled(twin, name)
    size = {"Type": "CAPACITY_PERCENT", "Value": 10}
    routing = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": 600}
    sagemaker.update_endpoint(
        EndpointName=name,
        EndpointConfigName=config(main=(model("b"), 2, 1)),
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
    )

    def stage():
        pending = sagemaker.describe_endpoint(EndpointName=name).get("PendingDeploymentSummary", {})
        statuses = [variant["VariantStatus"][0]["Status"] for variant in pending.get("ProductionVariants", ())]
        return {"statuses": statuses, "processes": twin.processes()}

    wait(stage, lambda now: now["statuses"] == ["Baking"] and len(now["processes"]) == 4)
    start = time.monotonic()
    twin.process.send_signal(end)
    twin.process.wait(timeout=30)
    wait(lambda: {"left": twin.processes()}, lambda found: not found["left"], seconds=10)
    assert time.monotonic() - start < 8
