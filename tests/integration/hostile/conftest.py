"""One running container for all of them, with a model of a few trees: what it predicts is not the matter here."""

import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from benchmarks.serving.processes import memory, tree
from tests.integration.container.conftest import ENVIRON, wait_until_ready
from tests.integration.running import free_port
from tests.unit.model import raw_months

from fairway.jobs.tree import Tree
from model import prepare, train

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's /proc")


@dataclass(frozen=True)
class Served:
    """A container that serves; all that it says is in `log`."""

    process: "subprocess.Popen[str]"
    port: int
    log: Path

    def megabytes(self) -> float:
        """Return the memory of all its processes, what they share counted once."""
        return sum(size.proportional for size in memory(self.process.pid))

    def processes(self) -> set[int]:
        return set(tree(self.process.pid))


@contextmanager
def raised_limit():
    """For this process and what it starts, the soft limit of open files is the hard one."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    prepare(raw_months.write(folder / "raw"), folder / "data", {})
    container = Tree(folder / "container")
    train(folder / "data", container.model, {"num_boost_round": "20", "min_child_weight": "1"})
    port = free_port()
    place = {"FAIRWAY_BIND_ADDRESS": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port)}
    with raised_limit(), (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fairway.container", "serve"],
            env={**ENVIRON, **place, "FAIRWAY_ML_ROOT": str(container.root)},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            wait_until_ready(process, f"http://127.0.0.1:{port}")
            yield Served(process, port, folder / "log")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
