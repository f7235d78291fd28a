"""The very moments at which a training is killed: while it writes a checkpoint, while a file of it is uploaded."""

import fcntl
import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120
PIPE_BYTES = 4096


def until(condition: Callable[[], bool]) -> None:
    """Wait for what is to come about."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"{condition} did not come about"
        time.sleep(0.01)


@contextmanager
def writing(checkpoint: Path) -> Iterator[None]:
    """Run the block when a process is in the midst of writing a checkpoint.

    Where it writes lies a pipe of one page, that nobody empties: the process cannot end what it has begun.
    """
    until(checkpoint.parent.is_dir)
    end = _reader(checkpoint.with_name(f"{checkpoint.name}.unfinished"))
    try:
        written, _, _ = select.select([end], [], [], SECONDS)
        assert written, "no checkpoint was begun"
        yield
    finally:
        os.close(end)


def _reader(pipe: Path) -> int:
    made = False
    while not made:
        with suppress(FileExistsError):  # the checkpoint of that place is just being written: after it is another one
            os.mkfifo(pipe)
            made = True
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return end


@dataclass(frozen=True)
class Uploads:
    """The uploads of a twin that was started with held/sitecustomize.py on its path."""

    folder: Path

    @contextmanager
    def cut(self, path: str) -> Iterator[None]:
        """Let no upload to such a path come further than half for as long as the block lasts; `half`, then `lose`."""
        (self.folder / "half").unlink(missing_ok=True)
        (self.folder / "hold").touch()
        aside = self.folder / "cut.new"  # the twin looks all the time: whole or not there
        aside.write_text(path)
        aside.rename(self.folder / "cut")
        try:
            yield
        finally:
            self.lose()
            (self.folder / "cut").unlink()

    def half(self) -> None:
        """Wait until half of one is sent; it comes no further."""
        until((self.folder / "half").exists)

    def lose(self) -> None:
        """Lose its connection, and from now on those of whoever tries again."""
        (self.folder / "hold").unlink(missing_ok=True)
