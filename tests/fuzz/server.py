"""The container as the fuzzer runs it, and what must hold of it: its workers live, and their memory is flat."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.serving.artifact import entry_point, environment, trained
from benchmarks.serving.payloads import Request as Payload
from benchmarks.serving.processes import memory, tree
from benchmarks.serving.waiting import wait_for_answer
from tests.fuzz.seeds import seeds

KEPT = 20


@dataclass
class Server:
    """A container that runs; `errors` holds the first lines that it logged as errors."""

    process: "subprocess.Popen[str]"
    port: int
    errors: list[str] = field(default_factory=list)

    def workers(self) -> set[int]:
        """Return its processes."""
        return set(tree(self.process.pid))

    def megabytes(self) -> float:
        """Return the memory of all of them, what they share counted once."""
        return sum(size.proportional for size in memory(self.process.pid))

    def read(self) -> None:
        """Read its log to the end and keep the errors."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if len(self.errors) < KEPT and _is_error(line):
                self.errors.append(line)


@contextmanager
def serving(port: int) -> Iterator[Server]:
    """Run the container with the example model until the end of the block."""
    place = {"FAIRWAY_BIND_ADDRESS": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port), "FAIRWAY_RELEASE": "fuzzed"}
    process = subprocess.Popen(
        entry_point("serve"),
        env=environment(trained(), **place),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    server = Server(process, port)
    reader = threading.Thread(target=server.read, daemon=True)
    reader.start()
    try:
        wait_for_answer(port, Payload("/invocations", "text/csv", (seeds()[0].body,)), process.pid)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=60)
        reader.join(timeout=10)


def _is_error(line: str) -> bool:
    try:
        return json.loads(line)["level"] in ("ERROR", "CRITICAL")
    except (ValueError, KeyError, TypeError):
        return True  # what is no JSON was not written by our loggers
