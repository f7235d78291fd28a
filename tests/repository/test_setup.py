"""How environments are made from locks, with a uv that only notes what it is asked: in a checkout, and in builds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "requirements/setup.sh"
UV = """#!/bin/sh
echo "$1" >> "$NOTES"
if [ "$1" = venv ]; then
  for folder; do :; done
  mkdir -p "$folder/bin" && ln -sf "$REAL" "$folder/bin/python"
fi
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """What uv was asked, a word a line; uv itself lies beside it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/uv").write_text(UV)
    (tmp_path / "bin/uv").chmod(0o755)
    return tmp_path / "notes"


def set_up(folder: Path, notes: Path, lock: str = "one", **more: str) -> list[str]:
    """Set a folder up as `make setup` does, and return what uv was asked meanwhile."""
    (folder / "requirements").mkdir(parents=True, exist_ok=True)
    (folder / "requirements/dev.txt").write_text(lock)
    shutil.copy(SETUP, folder / "requirements/setup.sh")
    path = f"{notes.parent / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
    notes.write_text("")
    subprocess.run(
        ["sh", "requirements/setup.sh", sys.executable, ".venv:dev"], cwd=folder, check=True,
        env={"PATH": path, "NOTES": str(notes), "REAL": sys.executable, **more},
    )  # fmt: skip
    assert (folder / ".venv/bin/python").exists()
    return notes.read_text().split()


def build(root: Path, name: str) -> Path:
    """Return a build's new folder, with the cache that its project keeps linked into it."""
    (root / "cache").mkdir(exist_ok=True)
    (root / name / "build").mkdir(parents=True)
    (root / name / "build/tools").symlink_to(root / "cache")
    return root / name


def test_a_checkouts_environment_follows_its_lock(tmp_path: Path, notes: Path):
    assert set_up(tmp_path / "checkout", notes) == ["venv", "pip"]
    assert set_up(tmp_path / "checkout", notes, "two") == ["pip"]
    assert not (tmp_path / "checkout/.venv").is_symlink()


def test_a_python_that_cannot_unpack_safely_is_refused(tmp_path: Path):
    old = tmp_path / "old"
    old.mkdir()
    (old / "tarfile.py").write_text("")  # 3.11.0 to 3.11.3 have no extraction filters; Debian 12 brings 3.11.2
    told = subprocess.run(
        ["sh", SETUP, sys.executable, ".venv:dev"], cwd=tmp_path, check=False, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(old)},
    )  # fmt: skip
    assert told.returncode == 1
    assert told.stderr == (
        f"Python 3.11.4 or newer is needed, and {sys.executable} is not: install it, or name it with PYTHON=…\n"
    )
    assert not (tmp_path / ".venv").exists()


def test_a_projects_builds_share_an_environment_as_long_as_the_lock_is_the_same(tmp_path: Path, notes: Path):
    def run(name: str, lock: str) -> list[str]:
        return set_up(build(tmp_path, name), notes, lock, CODEBUILD_BUILD_ID="flights-unit:1")

    assert run("first", "one") == ["venv", "pip"]
    shutil.rmtree(tmp_path / "first")
    assert run("second", "one") == []
    assert run("third", "two") == ["venv", "pip"]
    assert run("fourth", "one") == []


def test_an_environment_that_was_not_finished_is_made_again(tmp_path: Path, notes: Path):
    assert set_up(build(tmp_path, "first"), notes, CODEBUILD_BUILD_ID="flights-unit:1") == ["venv", "pip"]
    next((tmp_path / "cache/venvs").glob("*/.complete")).unlink()
    assert set_up(build(tmp_path, "second"), notes, CODEBUILD_BUILD_ID="flights-unit:1") == ["venv", "pip"]
