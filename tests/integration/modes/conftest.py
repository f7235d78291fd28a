"""A twin whose clock runs sixty times as fast, for what SageMaker does beside real-time endpoints."""

from collections.abc import Iterator

import pytest
from tests.integration.running import RunningTwin, start_twin
from tests.integration.runtime.conftest import (
    bucket,
    config,
    endpoint,
    execution_role,
    heard,
    image,
    model,
    repository,
)

__all__ = ["bucket", "config", "endpoint", "execution_role", "heard", "image", "model", "repository"]

SPEED = 60


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTwin]:
    running = start_twin(tmp_path_factory.mktemp("modes") / "twin", {"FAIRWAY_TWIN_SPEED": str(SPEED)})
    yield running
    assert running.stop() == 0
    assert running.processes() == []
