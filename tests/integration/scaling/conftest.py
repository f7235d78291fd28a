"""An endpoint of a hand-made image on a twin of its own whose time runs sixty times as fast, and what scales it."""

import threading
import time
from collections.abc import Iterator

import pytest
from tests.integration.running import RunningTwin, start_twin
from tests.integration.runtime.conftest import (  # noqa: F401 -- fixtures
    ask,
    bucket,
    config,
    endpoint,
    execution_role,
    image,
    model,
    repository,
    wait,
)

SPEED = 60
SCOPE = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTwin]:
    running = start_twin(tmp_path_factory.mktemp("fast") / "twin", {"FAIRWAY_TWIN_SPEED": str(SPEED)})
    yield running
    assert running.stop() == 0
    assert running.processes() == []


@pytest.fixture
def scaling(twin):
    return twin.client("application-autoscaling")


@pytest.fixture
def served(endpoint, config, model):  # noqa: F811
    """Return the name of an endpoint with one instance."""
    return endpoint(config(main=(model("a"), 1, 1)))["EndpointName"]


@pytest.fixture
def target(scaling, served):
    """Register the endpoint's variant between one and three instances; return what names the target."""
    scope = {**SCOPE, "ResourceId": f"endpoint/{served}/variant/main"}
    scaling.register_scalable_target(**scope, MinCapacity=1, MaxCapacity=3)
    yield scope
    if scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[scope["ResourceId"]])[
        "ScalableTargets"
    ]:
        scaling.deregister_scalable_target(**scope)
    settled(scaling_client=scaling, scope=scope)


def settled(scaling_client, scope):
    """Wait until no activity of the target is in progress."""
    identity = {"ServiceNamespace": "sagemaker", "ResourceId": scope["ResourceId"]}
    wait(
        lambda: scaling_client.describe_scaling_activities(**identity),
        lambda answer: all(one["StatusCode"] != "InProgress" for one in answer["ScalingActivities"]),
    )


def instances(twin, name):
    """Return the current and the desired number of instances."""
    [variant] = twin.client("sagemaker").describe_endpoint(EndpointName=name)["ProductionVariants"]
    return variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]


def wait_for(twin, name, number, seconds=20):
    """Wait until the endpoint serves by so many instances."""

    def described():
        return twin.client("sagemaker").describe_endpoint(EndpointName=name)

    def reached(answer):
        variants = answer.get("ProductionVariants", [])  # none while it is created
        counts = {one[member] for one in variants for member in ("CurrentInstanceCount", "DesiredInstanceCount")}
        return answer["EndpointStatus"] == "InService" and counts == {number}

    return wait(described, reached, seconds)


def activities(scaling, scope, **more):
    """Return the target's activities, the oldest first."""
    answer = scaling.describe_scaling_activities(ServiceNamespace="sagemaker", ResourceId=scope["ResourceId"], **more)
    return answer["ScalingActivities"][::-1]


class Load:
    """Requests at a steady rate until it is left; no answer but the right one is taken."""

    def __init__(self, twin, name, rate):
        self._twin, self._name, self._pause = twin, name, 1 / rate
        self._ended = threading.Event()
        self.answers: list[str] = []
        self.failures: list[Exception] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        due = time.monotonic()
        while not self._ended.is_set():
            try:
                self.answers.append(ask(self._twin, self._name)[0])
            except Exception as error:  # noqa: BLE001 -- the test looks at them
                self.failures.append(error)
            due += self._pause
            self._ended.wait(max(0.0, due - time.monotonic()))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
