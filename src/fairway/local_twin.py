"""Start, find and stop the twin's process; the twin itself is `fairway.twin`."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from fairway.delivery.access import twin_endpoint
from fairway.errors import TwinDownError, TwinStartError
from fairway.settings import Settings

SPEED = "20"
"""How much faster than AWS's the twin's waits pass, unless FAIRWAY_TWIN_SPEED says otherwise: five minutes of baking
are 15 seconds of a rehearsal."""

START_SECONDS = 30.0
STOP_SECONDS = 20.0


def health(settings: Settings) -> dict[str, Any] | None:
    """Return what the twin on the settings' port says of itself, or None when no twin answers there."""
    try:
        with urllib.request.urlopen(f"{twin_endpoint(settings)}/_fairway/health", timeout=2) as answer:  # noqa: S310  # our own http address
            said: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):
        return None
    return said


def speed(settings: Settings) -> float:
    """Return how much faster than AWS's the waits of the running twin pass."""
    return float((health(settings) or {}).get("speed", 1.0))


def require(settings: Settings) -> None:
    """Raise `TwinDownError` unless the twin answers."""
    if settings.cloud == "twin" and health(settings) is None:
        raise TwinDownError(twin_endpoint(settings))


def trail(settings: Settings) -> Path:
    """Return the file in which the running twin records what it asked IAM; raises `TwinDownError` without a twin."""
    answer = health(settings)
    if answer is None:
        raise TwinDownError(twin_endpoint(settings))
    return Path(answer["trail"])


def complete_connection(settings: Settings, identifier: str) -> None:
    """Do on the twin what a person does on AWS with one click: a PENDING connection becomes AVAILABLE."""
    address = f"{twin_endpoint(settings)}/_fairway/connections/{identifier}"
    with urllib.request.urlopen(urllib.request.Request(address, method="POST"), timeout=10):  # noqa: S310  # our own http address
        pass


def up(settings: Settings) -> bool:
    """Start the twin in the background and wait until it answers; return whether it had to be started.

    Raises `TwinStartError` with the process's last words, or when the port is another program's or another project's.
    """
    answer = health(settings)
    if answer is not None:
        if answer.get("account") != settings.project.account:
            raise TwinStartError(
                f"the twin on port {settings.twin_port} serves account {answer.get('account')}, project.json says "
                f"{settings.project.account}: `make down` where it was started, or set FAIRWAY_TWIN_PORT"
            )
        return False
    _require_free_port(settings.twin_port)
    directory = settings.twin_directory
    directory.mkdir(parents=True, exist_ok=True)
    # Builds find the uv that `make setup` has fetched where the machine has none.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(settings.root / "build/tools/bin")])
    with (directory / "start.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fairway.twin", "--directory", str(directory), "--port", str(settings.twin_port),
             "--account", settings.project.account, "--region", settings.project.region,
             "--repository", f"{settings.project.repository}={settings.build / 'rehearsal/origin.git'}"],
            env={"FAIRWAY_TWIN_SPEED": SPEED, **os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PATH": path},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS
    while health(settings) is None:
        if process.poll() is not None:
            raise TwinStartError(_last_words(directory / "start.log"))
        if time.monotonic() > deadline:
            process.terminate()
            raise TwinStartError(f"it did not answer within {START_SECONDS:.0f} s; its log is {directory}/start.log")
        time.sleep(0.05)
    return True


def down(settings: Settings) -> bool:
    """Stop the twin and wait until it is gone; return whether one was running. All that it held is gone with it."""
    answer = health(settings)
    if answer is None:
        return False
    pid = int(answer["pid"])
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(pid):
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    return True


def _alive(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            return False
    except ChildProcessError:
        pass  # another process started it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise TwinStartError(
                f"port {port} is taken by another program: end it, or choose a port with FAIRWAY_TWIN_PORT"
            ) from error


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return (lines[-1] if lines else "it said nothing") + f" (log: {log})"
