"""A job's checkpoints: down from S3 when it starts, up while it runs and when it ends, as SageMaker copies them."""

import contextlib
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from fairway.twin.runtime.channels import Location
from fairway.twin.runtime.failures import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fairway.twin.runtime.channels import Channels

logger = logging.getLogger(__name__)

# How often changed files are looked for; SageMaker does not say how often it does.
SECONDS = 0.5

Seen = dict[Path, tuple[int, int]]


class CheckpointCopies:
    """The checkpoints of one job: `folders` are those of its hosts, all of which are copied to one place."""

    def __init__(self, channels: "Channels", uri: str, folders: "Sequence[Path]") -> None:
        self._channels = channels
        self._place = Location.parse(uri)
        self._folders = folders
        self._copied: Seen = {}

    def bring(self) -> None:
        """Copy what is in S3 to every host; raise CallerError."""
        for folder in self._folders:
            self._channels.download_any(self._place.uri, folder)
        self._copied = self._present()

    def send(self) -> None:
        """Copy what is new or changed to S3; raise CallerError."""
        present = self._present()
        for path, seen in present.items():
            if self._copied.get(path) != seen:
                folder = next(folder for folder in self._folders if path.is_relative_to(folder))
                # A file that is renamed or gone meanwhile was no checkpoint yet, or is none any more.
                with contextlib.suppress(FileNotFoundError):
                    self._channels.upload_file(path, self._place.below(path.relative_to(folder).as_posix()))
        self._copied = present

    @contextlib.contextmanager
    def sending(self) -> "Iterator[None]":
        """Send while the block runs, and once more at its end; what cannot be copied then raises CallerError."""
        ended = threading.Event()
        thread = threading.Thread(target=self._send_until, args=(ended,), name=f"to {self._place.uri}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        self.send()

    def _send_until(self, ended: threading.Event) -> None:
        while not ended.wait(SECONDS):
            try:
                self.send()
            except RunError as error:  # it is tried again, and at the end it counts
                logger.warning("%s", error)

    def _present(self) -> Seen:
        found: Seen = {}
        for folder in self._folders:
            for path in sorted(folder.rglob("*")):
                with contextlib.suppress(FileNotFoundError):
                    told = path.stat()
                    if path.is_file():
                        found[path] = (told.st_mtime_ns, told.st_size)
        return found
