"""The first answer of a server, and single ones."""

import http.client
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.serving.payloads import Request

START_SECONDS = 90


def ask(port: int, request: Request, body: bytes) -> tuple[int, bytes]:
    """Send one body; return the status and the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {"Content-Type": request.content_type, "Accept": "application/json"}
        connection.request("POST", request.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_for_answer(port: int, request: Request, pid: int, log: Path | None = None) -> float:
    """Return the time at which the first right answer came, by the monotonic clock."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            raise SystemExit(f"a server ended while it started:\n{_end(log)}")
        with suppress(OSError, http.client.HTTPException):
            status, _ = ask(port, request, request.bodies[0])
            if status == 200:
                return time.monotonic()
        time.sleep(0.005)
    raise SystemExit(f"no answer within {START_SECONDS} s; its log ends:\n{_end(log)}")


def _end(log: Path | None) -> str:
    return log.read_text()[-3000:] if log else ""
