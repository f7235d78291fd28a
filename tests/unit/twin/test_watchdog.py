"""What belongs to a twin is known by its TMPDIR, and is ended."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from fairway.twin import watchdog

PYTHON = [sys.executable, "-I", "-S", "-c"]


@pytest.mark.parametrize(
    ("environment", "belongs"),
    [
        (b"A=1\0TMPDIR=/build/twin/jobs/x/tmp\0", True),
        (b"TMPDIR=/build/twin/tmp", True),
        (b"TMPDIR=/build/twin", False),
        (b"TMPDIR=/build/twin2/tmp\0", False),
        (b"OLDTMPDIR=/build/twin/tmp\0", False),
        (b"", False),
    ],
)
def test_a_process_belongs_to_the_twin_below_whose_directory_its_temporary_files_lie(environment, belongs):
    assert watchdog.belongs(environment, "/build/twin") is belongs


def start(tmp_path: Path, code: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([*PYTHON, code], env={"TMPDIR": str(tmp_path / "temporary")}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    return process


def test_processes_end_when_asked_and_are_killed_when_they_do_not(tmp_path):
    polite = start(tmp_path, "import time; print('ready', flush=True); time.sleep(60)")
    stubborn = start(
        tmp_path,
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
    )
    assert set(watchdog.processes_of(str(tmp_path))) == {polite.pid, stubborn.pid}
    begin = time.monotonic()
    watchdog.end_processes_of(str(tmp_path), grace=0.2)
    assert 0.2 <= time.monotonic() - begin < 5
    assert polite.wait() == -15
    assert stubborn.wait() == -9
    assert watchdog.processes_of(str(tmp_path)) == []
