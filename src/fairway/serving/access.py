"""The access log: one JSON object a request, in one write, with the same members for every request.

A line is put together from text that is JSON already: `logging` and `json` would take as long as the model's answer.
"""

import json
import logging
import os
import re
import time
from collections.abc import Callable
from functools import partial
from itertools import count

_STDOUT = 1
_USABLE = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)
# Unique among all workers and restarts, and a number after it for each request: no system call, no lock.
_numbers = count(1)

Write = Callable[[bytes], object]


def request_id(inference_id: str | None, aws_id: str | None) -> str:
    """Return what the caller calls the request (its inference id, else AWS's request id), or a new name for it.

    A name that could not be repeated in a header is not used.
    """
    given = inference_id or aws_id
    if given and _USABLE.fullmatch(given):
        return given
    return f"{_Process.name}-{next(_numbers):x}"


class _Process:
    """What tells a worker's names from those of others; a fork gets its own."""

    name = os.urandom(8).hex()

    @classmethod
    def rename(cls) -> None:
        cls.name = os.urandom(8).hex()


os.register_at_fork(after_in_child=_Process.rename)


class AccessLog:
    """Writes lines to the container's output, which CloudWatch Logs collects."""

    def __init__(self, release: str, git_sha: str, write: Write | None = None) -> None:
        self._write = write or partial(os.write, _STDOUT)
        self._constant = f'"release": {json.dumps(release)}, "git_sha": {json.dumps(git_sha)}'
        self._second, self._time = -1, ""

    def tell(
        self, *, method: str, path: str, status: int, rows: int, size: int, seconds: float, name: str, error: str = ""
    ) -> None:
        """Write the line of a request; `name` is what request_id() returned, `error` says why it was refused."""
        if error:  # then the path and the method may be anything
            method, path, error = json.dumps(method)[1:-1], json.dumps(path)[1:-1], f', "error": {json.dumps(error)}'
        now = time.time()
        if int(now) != self._second:
            self._time, self._second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)), int(now)
        line = (
            f'{{"time": "{self._time}.{int(now * 1000) % 1000:03d}+00:00", "level": "INFO", '
            f'"logger": "fairway.serving.access", "message": "{method} {path} {status}", "method": "{method}", '
            f'"path": "{path}", "status": {status}, "rows": {rows}, "bytes": {size}{error}, '
            f'"milliseconds": {seconds * 1000:.3f}, "request_id": "{name}", {self._constant}}}\n'
        )
        try:
            self._write(line.encode())
        except OSError as error:  # who read the log is gone: that is no reason not to answer
            logging.getLogger("fairway.serving").debug("the access log cannot be written: %s", error)
