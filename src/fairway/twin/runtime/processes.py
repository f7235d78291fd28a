"""Container-like processes: a session and a home of their own, named variables only, and an end that is certain.

A twin that is killed cannot end them; its watchdog (twin/watchdog.py) does, which knows them by their TMPDIR.
"""

import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from fairway.twin.runtime.failures import ContainerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# A line without an end is cut here.
LINE_BYTES = 1 << 18
LAST_LINES_SECONDS = 5


class Process:
    """A started container: its lines go to `on_line`, its exit code to `on_exit`; what it started ends with it."""

    def __init__(
        self,
        command: "Sequence[str]",
        *,
        variables: "Mapping[str, str]",
        directory: Path,
        home: Path,
        on_line: "Callable[[str], None]",
        on_exit: "Callable[[int], None]" = lambda _code: None,
    ) -> None:
        temporary = home / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        self._on_line = on_line
        self._on_exit = on_exit
        self._ended = threading.Event()
        self.exit_code: int | None = None
        try:
            self._child = subprocess.Popen(
                list(command),
                env={**variables, "HOME": str(home), "TMPDIR": str(temporary)},
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ContainerError(f"the container cannot be started: {error}") from error
        self.pid = self._child.pid
        self._reader = threading.Thread(target=self._read, name=f"lines of {self.pid}", daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, name=f"end of {self.pid}", daemon=True).start()

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit code once the container has ended and its lines are read; None if `timeout` comes first."""
        return self.exit_code if self._ended.wait(timeout) else None

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        self._signal(signal.SIGTERM, group=False)

    def stop(self, grace: float) -> int:
        """Ask for the end by SIGTERM, and kill after `grace` seconds; return the exit code."""
        self.ask_to_end()
        if not self._ended.wait(grace):
            self._signal(signal.SIGKILL, group=True)
            self._ended.wait()
        return self.exit_code if self.exit_code is not None else -signal.SIGKILL

    def _signal(self, number: int, *, group: bool) -> None:
        # As docker does, SIGTERM goes to the container's first process only; SIGKILL ends them all.
        with contextlib.suppress(ProcessLookupError):
            if self._child.returncode is None:
                (os.killpg if group else os.kill)(self.pid, number)

    def _read(self) -> None:
        stream = self._child.stdout
        if stream is None:
            return
        while line := stream.readline(LINE_BYTES):
            self._on_line(line.decode(errors="replace").rstrip("\r\n"))
        stream.close()

    def _wait(self) -> None:
        exit_code = self._child.wait()
        # What the first process leaves ends with it; while anything is left, the group's number is not given again.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        # A process that left the session may hold the pipe open for ever.
        self._reader.join(timeout=LAST_LINES_SECONDS)
        self.exit_code = exit_code
        self._ended.set()
        self._on_exit(exit_code)
