"""A twin that ends while a transform job runs leaves no process."""

import pytest
from tests.integration.modes.batches import batch, image
from tests.integration.running import start_twin
from tests.integration.runtime.conftest import wait

__all__ = ["batch", "image"]


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    running = start_twin(tmp_path_factory.mktemp("ending") / "twin")
    yield running
    running.process.kill()
    running.process.wait()


def test_no_process_is_left(twin, batch):
    name = batch.start(batch.objects({"a.csv": b"wait\n", "b.csv": b"wait\n"}), instances=2)
    wait(lambda: {"asked": batch.asked(name)}, lambda seen: len(seen["asked"]) == 2)
    assert len(twin.processes()) == 2
    assert twin.stop() == 0
    wait(lambda: {"left": twin.processes()}, lambda found: not found["left"], seconds=10)
