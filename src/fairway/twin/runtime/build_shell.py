"""The one shell of a build: commands are sourced by it one after the other, so that variables and directory stay.

A command that ends the shell (`exit`, `set -e`) ends the command; the next one finds a new shell in the same directory
with the same exported variables.
"""

import os
import queue
import secrets
import shlex
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from fairway.twin.runtime.processes import Process

STOPPED, TIMED_OUT = "stopped", "timed out"
# Between SIGTERM and SIGKILL, for what cleans up: Terraform, which lets go of its lock.
GRACE_SECONDS = 10.0

# A trap, and not the default, lets the shell outlive the SIGTERM that its command gets too; children do not inherit it.
_DRIVER = """
trap 'exit 143' TERM
trap 'export -p > {state}; pwd > {place}' EXIT
if [ -f {state} ]; then . {state}; cd "$(cat {place})"; fi
exec 8<> {control}
while IFS= read -r CODEBUILD_COMMAND <&8 && [ -n "$CODEBUILD_COMMAND" ]; do
  . "$CODEBUILD_COMMAND" 8<&- </dev/null
  printf '\\n%s %s\\n' {marker} "$?"
done
"""


class Interrupted(Exception):  # noqa: N818 -- it is no error of anybody
    """A command did not end by itself; `reason` is STOPPED or TIMED_OUT."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Shell(Process):
    """A shell whose commands are asked to end with it."""

    def stop(self, grace: float) -> int:
        """Send SIGTERM to all of its processes, and SIGKILL after `grace` seconds; return the exit code."""
        self._signal(signal.SIGTERM, group=True)
        ended = self.wait(grace)
        return super().stop(0) if ended is None else ended


class Shell:
    """Runs commands in `directory` with `variables`; `on_line` gets what they print, in order.

    `deadline` is a monotonic moment; `stop` may be called by any thread.
    """

    def __init__(
        self,
        program: str,
        *,
        folder: Path,
        directory: Path,
        variables: Mapping[str, str],
        on_line: Callable[[str], None],
        deadline: float,
    ) -> None:
        self._program = program
        self._folder = folder
        self._directory = directory
        self._variables = variables
        self._on_line = on_line
        self._deadline = deadline
        self._marker = secrets.token_hex(16)
        self._inbox: queue.SimpleQueue[int | str] = queue.SimpleQueue()
        self._process: _Shell | None = None
        self._control: int | None = None
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, command: str) -> int:
        """Run a command to its end and return its exit code; raise Interrupted."""
        script = self._folder / "command"
        script.write_text(f"{command}\n", encoding="utf-8")
        if self._process is None or self._process.exit_code is not None:
            self._process = self._start()
        self._send(f"{script}\n")
        try:
            message = self._inbox.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            message = TIMED_OUT
        if isinstance(message, str):
            if (process := self._process) is not None:
                process.stop(GRACE_SECONDS)
            raise Interrupted(message)
        return message

    def text(self, expression: str) -> str:
        """Return what the shell makes of a word: variables, and commands in it, are expanded."""
        target = self._folder / "text"
        quoted = expression.replace("\\", "\\\\").replace('"', '\\"')
        self.run(f'printf %s "{quoted}" > {shlex.quote(str(target))}')
        return target.read_text(encoding="utf-8", errors="replace")

    def variable(self, name: str) -> str | None:
        """Return a variable's value, or None when it is not set."""
        target = self._folder / "text"
        path = shlex.quote(str(target))
        set_at_all = self.run(f'[ -n "${{{name}+set}}" ] && printf %s "${{{name}}}" > {path}') == 0
        return target.read_text(encoding="utf-8", errors="replace") if set_at_all else None

    def stop(self) -> None:
        """Let the command under way end, and every later one not begin."""
        self._inbox.put(STOPPED)

    def close(self) -> None:
        """End the shell, which waits for a command, and all that it started."""
        process = self._process
        if process is not None:
            # An empty line, because a signal can come in the moment before the shell waits, and then wakes nobody.
            self._send("\n")
            if process.wait(GRACE_SECONDS) is None:
                process.stop(0)

    def _start(self) -> _Shell:
        names = {name: self._folder / name for name in ("control", "state", "place")}
        if not names["control"].exists():
            os.mkfifo(names["control"])
        # For reading and writing: opening it waits for nobody, and writing never meets a broken pipe.
        self._control = os.open(names["control"], os.O_RDWR)
        driver = self._folder / "driver"
        quoted = {name: shlex.quote(str(path)) for name, path in names.items()}
        driver.write_text(_DRIVER.format(marker=self._marker, **quoted), encoding="utf-8")
        return _Shell(
            [self._program, str(driver)],
            variables=self._variables,
            directory=self._directory,
            home=Path(self._variables["HOME"]),
            on_line=self._take,
            on_exit=self._ended,
        )

    def _take(self, line: str) -> None:
        marker, _, status = line.partition(" ")
        if marker == self._marker:
            self._inbox.put(int(status))
        elif line:
            self._on_line(line)

    def _ended(self, exit_code: int) -> None:
        self._forget()
        self._inbox.put(exit_code if exit_code >= 0 else 128 - exit_code)

    def _send(self, line: str) -> None:
        with self._lock:  # against the end of the shell, after which the descriptor's number is another file's
            if self._control is not None:
                os.write(self._control, line.encode())

    def _forget(self) -> None:
        with self._lock:
            control, self._process, self._control = self._control, None, None
        if control is not None:
            os.close(control)
