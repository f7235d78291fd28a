"""What instances have of memory, and who takes more."""

import sys

import pytest

from fairway.twin.runtime.instance_memory import MemoryWatch, memory_bytes
from fairway.twin.runtime.memory import PROC
from fairway.twin.runtime.processes import Process

TAKES = "held = b'1' * ({} << 20); print('took', flush=True); import signal; signal.pause()"


@pytest.mark.parametrize(
    ("instance_type", "gib"),
    [
        ("ml.t3.medium", 4),
        ("ml.t3.2xlarge", 32),
        ("ml.m5.large", 8),
        ("ml.m5.24xlarge", 384),
        ("ml.c5.xlarge", 8),
        ("ml.c7i-flex.large", 4),
        ("ml.r6i.4xlarge", 128),
        ("ml.g5.xlarge", None),
        ("ml.p4d.24xlarge", None),
    ],
)
def test_an_instance_has_the_memory_of_its_family_and_size(instance_type, gib):
    assert memory_bytes(instance_type) == (None if gib is None else gib << 30)


@pytest.mark.skipif(not (PROC / "self/stat").exists(), reason="only Linux tells it")
def test_who_takes_more_is_ended_and_the_others_go_on(tmp_path):
    def start(name: str, megabytes: int) -> Process:
        command = [sys.executable, "-c", TAKES.format(megabytes)]
        return Process(command, variables={}, directory=tmp_path, home=tmp_path / name, on_line=lambda _: None)

    modest, greedy = start("modest", 1), start("greedy", 150)
    try:
        with MemoryWatch({"modest": modest, "greedy": greedy}, 100 << 20) as watch:
            assert (greedy.wait(10) or 0) < 0, "a signal ended it"
        assert watch.ended == {"greedy"}
        assert modest.exit_code is None
    finally:
        modest.stop(0)
