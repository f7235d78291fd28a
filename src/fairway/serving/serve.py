"""Starts the inference server: one worker process for each core, each with its own model."""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import Interfaces

from fairway.errors import ContainerSettingError, FairwayError, ModelNotServableError
from fairway.serving.logs import CONFIG

if TYPE_CHECKING:
    from fairway.serving.wsgi import Application

# One computes, the other can still answer /ping, which SageMaker gives two seconds.
THREADS = 2
# Connections that a worker holds, idle ones too: granian's own 512 would let a thousand of them shut everybody out.
CONNECTIONS = 16_384
# SageMaker kills thirty seconds after SIGTERM.
DRAIN_SECONDS = 25

logger = logging.getLogger("fairway.serving")


@dataclass(frozen=True)
class ServingSettings:
    """Where to listen, and what runs here, for the log."""

    address: str
    port: int
    release: str


def read_settings(environ: Mapping[str, str]) -> ServingSettings:
    """From SAGEMAKER_BIND_TO_PORT (8080), FAIRWAY_BIND_ADDRESS (0.0.0.0) and FAIRWAY_RELEASE."""
    port = environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ContainerSettingError("SAGEMAKER_BIND_TO_PORT", f"is {port!r}: a port from 1 to 65535 is expected")
    # Every interface: SageMaker calls the container from outside of it.
    address = environ.get("FAIRWAY_BIND_ADDRESS", "0.0.0.0")  # noqa: S104
    return ServingSettings(address, int(port), environ.get("FAIRWAY_RELEASE", ""))


def serve(model: Path, environ: Mapping[str, str]) -> int:
    """Serve the artifact in `model` until SIGTERM, then finish what is running; returns the exit code."""
    try:
        settings = read_settings(environ)
    except FairwayError as error:
        logger.error(str(error))  # noqa: TRY400 -- a sentence for the operator; the traceback would add nothing
        return error.exit_code
    # Before anything loads OpenMP or BLAS: a worker for each core and threads in each would fight for the cores.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    server = Granian(
        "fairway.serving.wsgi",
        address=settings.address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        blocking_threads=THREADS,
        backpressure=CONNECTIONS,
        websockets=False,
        workers_kill_timeout=DRAIN_SECONDS,
        log_dictconfig=CONFIG,
    )
    logger.info("serving", extra={"fields": {"model": str(model), "release": settings.release}})
    try:
        server.serve(target_loader=partial(load_application, model, settings.release), wrap_loader=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def load_application(model: Path, release: str) -> "Application":
    """In a worker, before it listens; a model that cannot be served ends the worker, and with it the server."""
    # A fork inherits granian's handler, which would set a flag that nobody reads here: until the worker listens it has
    # nothing to finish, so SIGTERM ends it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        # Imported here: the process that supervises needs no model, and must not start threads before it forks.
        from fairway.serving.predictor import load_predictor, load_watch  # noqa: PLC0415
        from fairway.serving.wsgi import Application  # noqa: PLC0415

        predictor = load_predictor(model)
        watch = load_watch(model, predictor, release)
    except ModelNotServableError as error:
        logger.error(str(error), exc_info=error.__cause__)  # noqa: TRY400 -- the sentence, then what was raised
        sys.exit(1)
    if watch is not None:
        # A worker is a child of multiprocessing, which ends without atexit and runs these instead.
        Finalize(None, watch.close, exitpriority=0)
    return Application(predictor, release, watch)
