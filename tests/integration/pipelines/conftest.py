"""A twin that stands for a repository's host too, and whose clock runs three hundred times as fast."""

from collections.abc import Iterator

import pytest
from tests.integration.pipelines.delivery import REPOSITORY, Delivery, Origin
from tests.integration.running import RunningTwin, start_twin


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    return Origin.make(tmp_path_factory.mktemp("origin"))


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Iterator[RunningTwin]:
    running = start_twin(
        tmp_path_factory.mktemp("pipelines") / "twin",
        {"FAIRWAY_TWIN_SPEED": "300"},
        ["--repository", f"{REPOSITORY}={origin.bare}"],
    )
    yield running
    assert running.stop() == 0
    assert running.processes() == []


@pytest.fixture(scope="session")
def delivery(twin: RunningTwin, origin: Origin) -> Delivery:
    return Delivery.make(twin, origin)
