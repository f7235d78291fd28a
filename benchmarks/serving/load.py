"""Load from wrk: as fast as answers come, or on a schedule."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving.payloads import Request

SCRIPT = Path(__file__).with_name("load.lua")
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Sample:
    """What wrk saw. Times are an answer's, in milliseconds; `behind` is how far the schedule was missed at worst."""

    requests: int
    seconds: float
    p50: float
    p99: float
    p999: float
    slowest: float
    behind: float
    failed: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def need(*programs: str) -> None:
    """End with a sentence where a program is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise SystemExit(f"Not installed: {', '.join(missing)}. On Debian: apt-get install {' '.join(missing)}.")


def need_port(port: int) -> None:
    """End with a sentence where something listens at the port: it, and not what is to be measured, would answer."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise SystemExit(f"Port {port} is taken: end what listens there, or give --port.") from error


def measure(port: int, request: Request, connections: int, seconds: float, rate: float | None = None) -> Sample:
    """Send the request's bodies in turns; with `rate`, that many a second, whatever the answers take."""
    # One thread of wrk keeps both workers busy; a second one would take their core.
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s"]
    command += ["--timeout", f"{TIMEOUT_SECONDS}s", "--script", str(SCRIPT), f"http://127.0.0.1:{port}{request.path}"]
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(request.bodies):
            Path(folder, str(number)).write_bytes(body)
        settings = {"BODIES": folder, "COUNT": str(len(request.bodies)), "CONTENT_TYPE": request.content_type}
        environment = {**os.environ, **settings, **({} if rate is None else {"RATE": str(rate)})}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"wrk failed: {done.stderr or done.stdout}")
    return _sample(json.loads(done.stdout.splitlines()[-1]))


def _sample(said: dict[str, Any]) -> Sample:
    failed = sum(said[kind] for kind in ("connect", "read", "write", "status", "timeout"))
    times = {name: said[name] / 1000 for name in ("p50", "p99", "p999")}
    return Sample(
        requests=said["requests"],
        seconds=said["microseconds"] / 1e6,
        slowest=said["max"] / 1000,
        behind=said["behind"],
        failed=failed,
        **times,
    )
