"""What takes AWS minutes, on a twin whose clock runs sixty times as fast, and what a killed twin leaves behind."""

import signal
import time

import pytest
from tests.integration.running import start_twin
from tests.integration.runtime.conftest import settled, update, wait


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    running = start_twin(tmp_path_factory.mktemp("fast") / "twin", {"FAIRWAY_TWIN_SPEED": "60"})
    yield running
    running.process.kill()
    running.process.wait()
    wait(lambda: {"left": running.processes()}, lambda found: not found["left"], seconds=10)


@pytest.fixture(scope="module")
def repository(twin):
    twin.client("ecr").create_repository(repositoryName="fast")
    return "fast"


def test_a_container_that_never_answers_ping_fails_the_endpoint(endpoint, config, model):
    start = time.monotonic()
    described = endpoint(config(main=(model(mode="mute"), 1, 1)))
    assert time.monotonic() - start >= 1  # of sixty seconds
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"] == (
        "The primary container for production variant main did not pass the ping health check. Please check CloudWatch "
        "logs for this endpoint."
    )


def test_an_update_to_one_that_never_answers_stays_on_the_old(twin, endpoint, config, model):
    old = config(main=(model(), 1, 1))
    name = endpoint(old)["EndpointName"]
    described = update(twin, name, config(main=(model(mode="mute"), 1, 1)))
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", old)
    assert len(twin.processes()) == 1


def test_a_job_that_ignores_the_request_to_end_is_killed(train):
    start = time.monotonic()
    job = train(seconds=1, HyperParameters={"seconds": "600", "ends": "never"})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert time.monotonic() - start >= 3  # its second, and the two that remain of SageMaker's 120


def test_a_twin_that_is_killed_leaves_no_process(twin, unique, config, model):
    sagemaker, name = twin.client("sagemaker"), unique("endpoint")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config(main=(model(), 2, 1)))
    settled(twin, name)
    assert len(twin.processes()) == 2
    twin.process.send_signal(signal.SIGKILL)
    twin.process.wait()
    wait(lambda: {"left": twin.processes()}, lambda found: not found["left"], seconds=10)
