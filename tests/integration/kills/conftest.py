import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.kills.stage import done, set_up
from tests.integration.main_job.checkout import Checkout
from tests.integration.running import free_port

from fairway.traffic import traffic


@dataclass(frozen=True)
class Stage:
    """A project that delivers: its checkout, its forge, what its clients saw, how long an environment takes."""

    checkout: Checkout
    origin: Path
    record: Path
    seconds: float


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("kills")
    checkout, _ = set_up(folder / "flights", free_port())
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(lambda name: checkout.fairway("apply", name), ("dev", "prod")):
            done(result)
    seconds = time.monotonic() - began
    rows, record = folder / "rows.jsonl", folder / "record.jsonl"
    rows.write_text(json.dumps({"x": 1}) + "\n")
    try:
        with traffic({**checkout.variables, **checkout.aws_variables}, "flights-prod", rows, record, rate=10, batch=1):
            yield Stage(checkout, folder / "origin.git", record, seconds)
    finally:
        checkout.fairway("down")
