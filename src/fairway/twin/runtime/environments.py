"""Python environments of images: built once from a locked requirements file, and from nothing else."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from fairway.twin.runtime.failures import CallerError
from fairway.twin.runtime.once import make_once

# What would let the twin's own Python into the environment that is being built.
LEAKS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON")


def environment(directory: Path, requirements: bytes) -> Path:
    """Return the virtual environment below `directory` that holds exactly `requirements`; it is built once."""
    # The interpreter belongs to the name: an environment outlives neither its lock nor its Python.
    name = hashlib.sha256(requirements + f"\n# {sys.version} {sys.base_prefix}".encode()).hexdigest()
    return make_once(directory / name, lambda aside: _build(requirements, aside))


def _build(requirements: bytes, directory: Path) -> None:
    # Relocatable, because the directory is renamed when it is whole.
    _uv(
        "venv",
        "--quiet",
        "--relocatable",
        "--no-project",
        "--allow-existing",
        "--python",
        sys.executable,
        str(directory),
    )
    if requirements.strip():
        lock = directory / "requirements.txt"
        lock.write_bytes(requirements)
        _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(directory / "bin" / "python"), str(lock))


def _uv(*arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in LEAKS}
    done = subprocess.run(
        [find_uv(), *arguments], env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise CallerError(f"the Python environment of the image cannot be built: {done.stderr.strip()[-600:]}")


def find_uv() -> str:
    """Return uv's path: the one beside this Python, or the one on PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise CallerError(
            f"uv builds the Python environment of an image, and is neither beside {sys.executable} nor on PATH"
        )
    return found
