"""Container-like processes of this machine: what they see, and how they end."""

import os
import sys
import time
from pathlib import Path

import pytest

from fairway.twin.runtime.environments import environment
from fairway.twin.runtime.failures import CallerError, ContainerError
from fairway.twin.runtime.processes import Process


@pytest.fixture
def run(tmp_path):
    """Start Python code as a container; return the process and its lines."""

    def start(code, **variables):
        lines: list[str] = []
        process = Process(
            [sys.executable, "-c", code],
            variables=variables,
            directory=tmp_path,
            home=tmp_path / "home",
            on_line=lines.append,
        )
        return process, lines

    return start


def alive(pid):
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_nothing_of_this_process_is_inherited(run, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_OF_THE_USER", "1")
    process, lines = run("import os; print(sorted(os.environ))", COLOUR="blue", LC_CTYPE="C.UTF-8")
    assert process.wait(20) == 0
    assert lines == ["['COLOUR', 'HOME', 'LC_CTYPE', 'TMPDIR']"]
    assert (tmp_path / "home" / "tmp").is_dir()


def test_lines_of_both_streams_and_the_exit_code(run):
    process, lines = run(
        "import sys; print('out', flush=True); print('err', file=sys.stderr); print('end', end=''); sys.exit(3)"
    )
    assert process.wait(20) == 3
    assert sorted(lines) == ["end", "err", "out"]


def test_sigterm_lets_it_end_and_sigkill_makes_it(run):
    polite, lines = run(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(143)))\n"
        "print('up', flush=True)\ntime.sleep(60)"
    )
    stubborn, others = run(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
    )
    while not lines or not others:
        time.sleep(0.01)
    assert polite.stop(20) == 143
    assert lines == ["up", "bye"]
    assert stubborn.stop(0.1) == -9


def test_what_it_started_ends_with_it(run):
    process, lines = run(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid)"
    )
    assert process.wait(20) == 0
    child = int(lines[0])
    for _ in range(200):
        if not alive(child):
            break
        time.sleep(0.01)
    assert not alive(child)


def test_a_program_that_cannot_be_executed_says_so(tmp_path):
    (tmp_path / "notes.txt").write_text("no program")
    with pytest.raises(ContainerError, match=r"the container cannot be started: .*notes.txt"):
        Process([str(tmp_path / "notes.txt")], variables={}, directory=tmp_path, home=tmp_path, on_line=print)


def test_an_environment_holds_nothing_of_the_twins(tmp_path):
    made = environment(tmp_path / "environments", b"")
    lines: list[str] = []
    process = Process(
        [
            str(made / "bin" / "python"),
            "-c",
            "import importlib.util as u, sys; print(u.find_spec('boto3'), sys.prefix)",
        ],
        variables={},
        directory=tmp_path,
        home=tmp_path / "home",
        on_line=lines.append,
    )
    assert process.wait(20) == 0
    assert lines == [f"None {made}"]
    assert environment(tmp_path / "environments", b"") == made


def test_a_lock_without_hashes_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(CallerError, match=r"the Python environment of the image cannot be built: .*hash"):
        environment(tmp_path / "environments", b"typing-extensions==4.12.2\n")
    assert os.listdir(tmp_path / "environments") == []  # noqa: PTH208 -- names, hidden ones too
