"""A directory is made once, and whole or not at all."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairway.twin.runtime.once import make_once


def test_callers_at_the_same_time_make_it_once(tmp_path):
    made, together = [], threading.Barrier(8)

    def make(directory):
        made.append(directory)
        (directory / "file").write_text("whole")

    def call(_):
        together.wait()
        return (make_once(tmp_path / "target", make) / "file").read_text()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(8))) == ["whole"] * 8
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_a_failure_leaves_nothing_and_the_next_call_makes_it(tmp_path):
    def fail(directory):
        (directory / "half").touch()
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        make_once(tmp_path / "target", fail)
    assert list(tmp_path.iterdir()) == []
    assert make_once(tmp_path / "target", lambda directory: (directory / "file").touch()).is_dir()
