"""What an instance has of memory, and the end of who takes more."""

import re
import threading
from collections.abc import Mapping

from fairway.twin.runtime.memory import Memory
from fairway.twin.runtime.processes import Process

# How often processes are looked at, in wall time.
LOOK_SECONDS = 0.2
# From user reports: the words that SageMaker has for a container that the kernel has ended for want of memory.
SHORT_OF_MEMORY = (
    "Please use an instance type with more memory, or reduce the size of job data processed on an instance."
)

# GiB for each virtual CPU of the families without accelerators. Source: "Amazon EC2 instance types", compute, general
# purpose and memory optimized. The fourth generation of c has a little less than 2.
_GIB_A_CORE = {"c": 2, "m": 4, "r": 8, "t": 4}
_TYPE = re.compile(r"ml\.(?P<family>[cmrt])\d[a-z-]*\.(?P<size>medium|large|(?P<times>\d*)xlarge)")


def memory_bytes(instance_type: str) -> int | None:
    """Return how much memory an instance of a type has; None for types with accelerators, which are not held to any."""
    found = _TYPE.fullmatch(instance_type)
    if found is None:
        return None
    if found["size"] == "medium":
        return 4 << 30  # of t3, the only ones
    cores = 2 if found["size"] == "large" else 4 * int(found["times"] or 1)
    return cores * _GIB_A_CORE[found["family"]] << 30


class MemoryWatch:
    """Looks at containers, each on an instance of its own, and ends those that use more memory than there is."""

    def __init__(self, containers: Mapping[str, Process], limit: int | None) -> None:
        self.ended: set[str] = set()
        """The keys of the containers that were ended."""
        self._limit = limit
        self._containers = {key: (process, Memory(process.pid)) for key, process in containers.items()}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory of instances", daemon=True)

    def __enter__(self) -> "MemoryWatch":
        """Begin to look."""
        if self._limit is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no longer."""
        self._closed.set()
        if self._limit is not None:
            self._thread.join()

    def _look(self) -> None:
        limit = self._limit or 0
        while not self._closed.wait(LOOK_SECONDS):
            for key, (process, memory) in self._containers.items():
                if memory.used(limit) > limit:
                    self.ended.add(key)  # before its end is known to anybody
                    process.stop(0)
