"""The twin's process: its port, its log, its watchdog, and the order in which it starts and ends."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from hypercorn.asyncio import serve
from hypercorn.config import Config

from fairway.errors import PortTakenError
from fairway.twin import watchdog
from fairway.twin.context import Twin
from fairway.twin.repeats import Repeats
from fairway.twin.settings import TRAIL_FILE, Settings, configure
from fairway.twin.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairway.twin.clock import Clock

READY_FILE = "twin.json"
LOG_FILE = "twin.log"
_GRACE_SECONDS = 3.0
_WORKERS = 64  # operations and invocations mostly wait for something else


def run(settings: Settings, clock: "Clock") -> None:
    """Serve until SIGTERM or SIGINT; raise PortTakenError if something else listens there."""
    settings.directory.mkdir(parents=True, exist_ok=True)
    listener = _listen(settings.port)
    configure(settings, clock)
    logging.basicConfig(
        filename=settings.directory / LOG_FILE,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)
    ready = settings.directory / READY_FILE
    with _watched(settings.directory):
        try:
            asyncio.run(_serve(settings, clock, listener, ready))
        finally:
            ready.unlink(missing_ok=True)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)  # at once: until then a second twin could bind the port as well
    except OSError as error:
        listener.close()
        raise PortTakenError(port) from error
    return listener


@contextmanager
def _watched(directory: Path) -> "Iterator[None]":
    """Keep a watchdog that outlives a kill of this process; a session of its own spares it a terminal's Ctrl-C."""
    command = [sys.executable, "-I", watchdog.__file__, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={}, start_new_session=True) as process:
        try:
            yield
        finally:
            process.terminate()


async def _serve(settings: Settings, clock: "Clock", listener: socket.socket, ready: Path) -> None:
    # Loaded only now: importing the gateway imports ministack, whose settings are the environment.
    from fairway.twin.gateway import Gateway  # noqa: PLC0415
    from fairway.twin.services import install  # noqa: PLC0415

    twin = Twin(
        directory=settings.directory,
        endpoint=settings.endpoint,
        store=Store(clock),
        clock=clock,
        repositories=settings.repositories,
    )
    workers = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="twin")
    services = install(twin)
    facts = _facts(settings, clock)
    door = Repeats(Gateway(twin, services, workers, facts))

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def stopped() -> None:
        _announce(facts, ready)  # hypercorn asks for the trigger once it listens
        await stop.wait()
        # While the door is still open: what ends may want to write its last logs.
        await asyncio.to_thread(services.close)
        await asyncio.to_thread(watchdog.end_processes_of, str(settings.directory), grace=_GRACE_SECONDS)

    await serve(door, _hypercorn(listener), shutdown_trigger=stopped)  # type: ignore[arg-type] # ASGI 3 as plain dicts
    _leave(settings.directory, ready)


def _leave(directory: Path, ready: Path) -> NoReturn:
    """End at once: threads that wait for a job or a function would keep the interpreter for hours."""
    ready.unlink(missing_ok=True)
    watchdog.end_processes_of(str(directory))
    logging.shutdown()
    os._exit(0)


def _hypercorn(listener: socket.socket) -> Config:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    # Longer than any client keeps an idle connection (Go's SDK: 90 s), which might otherwise be closed under a request.
    config.keep_alive_timeout = 120
    config.graceful_timeout = 1
    config.shutdown_timeout = 5
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.loglevel = "WARNING"
    return config


def _facts(settings: Settings, clock: "Clock") -> dict[str, object]:
    """Return what twin.json and the door's health say of this process."""
    return {
        "pid": os.getpid(),
        "port": settings.port,
        "endpoint": settings.endpoint,
        "account": settings.account,
        "region": settings.region,
        "speed": clock.speed,
        "trail": str(settings.directory / TRAIL_FILE),
    }


def _announce(facts: dict[str, object], ready: Path) -> None:
    """Write twin.json, whole or not at all."""
    unfinished = ready.with_suffix(".part")
    unfinished.write_text(json.dumps(facts), encoding="utf-8")
    unfinished.replace(ready)
