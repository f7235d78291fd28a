"""One provisioned project for all faults, and the executions that stand before what is retried."""

from collections.abc import Iterator

import pytest
from tests.integration.running import free_port
from tests.integration.wiring.line import Line, provision
from tests.integration.wiring.standing import Standing


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    provisioned = provision(tmp_path_factory.mktemp("wiring") / "flights", free_port())
    try:
        yield provisioned
    finally:
        provisioned.checkout.fairway("down")


@pytest.fixture(scope="session")
def standing(line: Line) -> Standing:
    return Standing(line)
