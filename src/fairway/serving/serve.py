"""Starts the inference server: one worker process for each core, each with its own model."""

import ctypes
import gc
import logging
import multiprocessing
import os
import platform
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import HTTPModes, Interfaces

from fairway.errors import ContainerSettingError, FairwayError, ModelNotServableError
from fairway.serving.logs import CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairway.serving.wsgi import Application

# Each may wait for a client that sends its body slowly, or for a long request: so many leave one for /ping, which
# SageMaker gives two seconds. They are started as they are needed, and end when they are not.
THREADS = 32
# Connections that a worker holds, idle ones too: granian's own 512 would let a thousand of them shut everybody out.
CONNECTIONS = 16_384
# An asynchronous endpoint takes a gigabyte.
LARGEST_BODY_MB = 1024
# Objects that are made before the collector looks for cycles among them: a request of a thousand rows makes no cycle.
YOUNG = 20_000
# Heaps that the threads of a worker share, and how large a piece of memory is no longer taken from them: a thousand
# rows are, and come often. What the heaps' ends may keep of it comes and goes with each request.
HEAPS, HEAP_LARGEST, HEAP_KEEPS = 2, 1024 * 1024, 4 * 1024 * 1024
# These numbers are glibc's own, of malloc.h.
_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -3, -1
# SageMaker kills thirty seconds after SIGTERM.
DRAIN_SECONDS = 25

FORKS = multiprocessing.get_start_method() == "fork"

logger = logging.getLogger("fairway.serving")


@dataclass(frozen=True)
class ServingSettings:
    """Where to listen, and what runs here, for the log."""

    address: str
    port: int
    release: str
    git_sha: str = ""
    max_body_mb: int = 6


def read_settings(environ: Mapping[str, str]) -> ServingSettings:
    """From SAGEMAKER_BIND_TO_PORT (8080), FAIRWAY_BIND_ADDRESS (0.0.0.0), FAIRWAY_MAX_BODY_MB (6), and for the log.

    That is FAIRWAY_RELEASE and FAIRWAY_GIT_SHA.
    """
    port = environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ContainerSettingError("SAGEMAKER_BIND_TO_PORT", f"is {port!r}: a port from 1 to 65535 is expected")
    megabytes = environ.get("FAIRWAY_MAX_BODY_MB", "6")
    if not (megabytes.isascii() and megabytes.isdigit() and 0 < int(megabytes) <= LARGEST_BODY_MB):
        expected = f"a number of megabytes from 1 to {LARGEST_BODY_MB} is expected"
        raise ContainerSettingError("FAIRWAY_MAX_BODY_MB", f"is {megabytes!r}: {expected}")
    # Every interface: SageMaker calls the container from outside of it.
    address = environ.get("FAIRWAY_BIND_ADDRESS", "0.0.0.0")  # noqa: S104
    release, git_sha = environ.get("FAIRWAY_RELEASE", ""), environ.get("FAIRWAY_GIT_SHA", "")
    return ServingSettings(address, int(port), release, git_sha, int(megabytes))


def serve(model: Path, environ: Mapping[str, str]) -> int:
    """Serve the artifact in `model` until SIGTERM, then finish what is running; returns the exit code."""
    try:
        settings = read_settings(environ)
        check_address(settings)
    except FairwayError as error:
        logger.error(str(error))  # noqa: TRY400 -- a sentence for the operator; the traceback would add nothing
        return error.exit_code
    # Before anything loads OpenMP or BLAS: a worker for each core and threads in each would fight for the cores.
    # And before Arrow is: its own pool keeps what a thread has used, beside what the system's allocator keeps.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", ARROW_DEFAULT_MEMORY_POOL="system")
    share_heaps()
    load = partial(load_application, model, settings)
    if FORKS:
        load()
    server = Granian(
        "fairway.serving.wsgi",
        address=settings.address,
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        blocking_threads=THREADS,
        backpressure=CONNECTIONS,
        websockets=False,
        workers_kill_timeout=DRAIN_SECONDS,
        log_dictconfig=CONFIG,
    )
    logger.info("serving", extra={"fields": {"model": str(model), "release": settings.release}})
    try:
        server.serve(target_loader=partial(start_worker, load), wrap_loader=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def check_address(settings: ServingSettings) -> None:
    """Raise ContainerSettingError unless the address can be listened at by us alone.

    Granian's sockets share a port with whoever listens at it in the same way: half of the requests would be answered by
    another container, with another model.
    """
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    try:
        socket.create_server((settings.address, settings.port), family=family).close()
    except OSError as error:
        expected = "end what listens there, or choose another port or FAIRWAY_BIND_ADDRESS"
        problem = f"is {settings.port}, which nothing can listen at: {error.strerror}; {expected}"
        raise ContainerSettingError("SAGEMAKER_BIND_TO_PORT", problem) from error


@cache
def load_application(model: Path, settings: ServingSettings) -> "Application":
    """Load the model once; a model that cannot be served ends the process with a sentence.

    Where workers are forks the supervising process does it, and they share its memory. A fork has none of its threads:
    predicting needs none, with one each for OpenMP, BLAS and ONNX Runtime. What the libraries start at their import
    (jemalloc's housekeeping, a thread of ONNX Runtime's that waits) is not missed.
    """
    try:
        # Imported here, after the threads are pinned.
        from fairway.serving.predictor import load_predictor, load_watch  # noqa: PLC0415
        from fairway.serving.wsgi import Application  # noqa: PLC0415

        predictor = load_predictor(model)
        watch = load_watch(model, predictor, settings.release)
    except ModelNotServableError as error:
        logger.error(str(error), exc_info=error.__cause__)  # noqa: TRY400 -- the sentence, then what was raised
        sys.exit(1)
    application = Application(
        predictor, settings.release, watch, git_sha=settings.git_sha, max_body=settings.max_body_mb * 1024 * 1024
    )
    # What is loaded stays: the collector need not look at it again, nor copy its pages into each worker by doing so.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
    return application


def start_worker(load: "Callable[[], Application]") -> "Application":
    """In a worker, before it listens."""
    # A fork inherits granian's handler, which would set a flag that nobody reads here: until the worker listens it has
    # nothing to finish, so SIGTERM ends it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    take_turns()
    application = load()
    # A worker is a child of multiprocessing, which ends without atexit and runs these instead.
    Finalize(None, application.close, exitpriority=0)
    return application


def share_heaps() -> None:
    """Let all threads of a process take memory from two heaps, and give back what is large when it is done with.

    glibc gives threads up to eight heaps a core, and comes to serve pieces of up to 32 MB from them. Each keeps what
    its largest request left between smaller pieces: workers grew for as long as any larger one came.
    """
    if platform.libc_ver()[0] == "glibc":
        set_option = ctypes.CDLL(None).mallopt
        set_option(_M_ARENA_MAX, HEAPS)
        set_option(_M_MMAP_THRESHOLD, HEAP_LARGEST)
        set_option(_M_TRIM_THRESHOLD, HEAP_KEEPS)


def take_turns() -> None:
    """Let the threads that this one starts go on with what they do when another of them has something to do.

    Each request is handed from the thread that speaks HTTP to one that computes, and back. Linux would change threads
    each time, and with SCHED_BATCH does so when one waits: docs/adr/2026-11-30-wsgi-stays.md has what it saves.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
