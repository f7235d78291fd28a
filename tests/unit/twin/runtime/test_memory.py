"""The memory of all processes of a container."""

import subprocess
import sys

import pytest

from fairway.twin.runtime.memory import PROC, Memory, members

pytestmark = pytest.mark.skipif(not (PROC / "self/stat").exists(), reason="only Linux tells it")

FORKS = """
import os, sys
kept = bytearray(os.urandom(1 << 20)) * 60
child = os.fork()
os.write(1, b"%d\\n" % os.getpid())
sys.stdin.readline()
"""


def test_a_child_belongs_to_it_and_shared_pages_count_once_above_the_limit():
    with subprocess.Popen(
        [sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        pids = {int(process.stdout.readline()) for _ in range(2)}
        assert set(members(process.pid)) == pids
        memory = Memory(process.pid)
        roughly = memory.used(limit=1 << 40)
        exactly = memory.used(limit=0)
        assert 60 << 20 < exactly < 110 << 20 < roughly  # one copy of 60 MB, and twice the interpreter
        process.kill()
        for pid in pids - {process.pid}:
            subprocess.run(["kill", "-9", str(pid)], check=True)


def test_who_is_gone_has_nothing():
    assert Memory(1 << 30).used(limit=1) == 0
