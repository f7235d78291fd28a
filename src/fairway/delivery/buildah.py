"""buildah, which builds and runs images without a Docker engine."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fairway.errors import ImageCheckError

# Needs neither user namespaces nor a runtime of containers.
ISOLATION = ("--isolation", "chroot")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Buildah:
    """buildah with storage of its own, so that nothing is left on the machine but the workspace."""

    storage: Path

    def command(self, *arguments: str) -> list[str]:
        """Return the whole command line."""
        places = ["--root", str(self.storage / "root"), "--runroot", str(self.storage / "run")]
        return ["buildah", *places, "--storage-driver", "vfs", *arguments]

    def __call__(self, *arguments: str, log: Path | None = None) -> str:
        """Run it to its end; returns what it printed, or leaves that in `log`."""
        return run(self.command(*arguments), log)


def run(command: Sequence[str], log: Path | None = None) -> str:
    """Run a command to its end; returns its output, or leaves it in `log`. ImageCheckError ends with its last lines."""
    if log is None:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        output = done.stdout.decode(errors="replace")
    else:
        with log.open("wb") as file:
            done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
        output = log.read_text(errors="replace")
    if done.returncode != 0:
        last = "\n".join(output.strip().splitlines()[-15:])
        raise ImageCheckError(f"{command[0]} ended with exit code {done.returncode} ({log or 'no log'}):\n{last}")
    return output


@contextmanager
def fresh(directory: Path) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def timed(say: Say, what: str) -> Iterator[None]:
    """Say how long it took."""
    began = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - began:.1f} s")
