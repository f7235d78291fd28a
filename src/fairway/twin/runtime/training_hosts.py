"""The hosts of a training job: a folder, a process and a log stream each; they end together."""

import json
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime import host_names
from fairway.twin.runtime.containers import Container, Session, stream_name, written_reason
from fairway.twin.runtime.instance_memory import MemoryWatch, memory_bytes
from fairway.twin.runtime.processes import Process
from fairway.twin.runtime.training_files import shard, write_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairway.twin.runtime.logs import LogStream

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
FOLDERS = ("input/data", "model", "output/data")


@dataclass(frozen=True)
class Host:
    """One instance of a job."""

    name: str
    folder: Path

    @property
    def ml(self) -> Path:
        """What SageMaker mounts at /opt/ml."""
        return self.folder / "ml"

    @property
    def failure(self) -> str:
        """What its container wrote about its failure."""
        return written_reason(self.ml / "output" / "failure")


@dataclass(frozen=True)
class Ended:
    """How the containers of a job ended: the exit code that counts, and whose it is; or that they were ended."""

    exit_code: int
    host: Host
    by: str | None = None
    short_of_memory: bool = False


class Hosts:
    """All instances of a job, made anew for each attempt."""

    def __init__(self, folder: Path, request: "Mapping[str, Any]") -> None:
        self.folder = folder
        self._request = request
        self._attempt = 0
        names = [f"algo-{number}" for number in range(1, request["ResourceConfig"].get("InstanceCount", 1) + 1)]
        self.all = [Host(name, folder / name) for name in names]

    def prepare(self, session: Session) -> None:
        """Make the folders, write the configuration and bring each host its data; raise CallerError."""
        channels = session.channels()
        names = [host.name for host in self.all]
        for number, host in enumerate(self.all):
            write_config(host.ml / "input" / "config", self._request, names, host.name)
            for directory in FOLDERS:
                (host.ml / directory).mkdir(parents=True, exist_ok=True)
            for channel in self._request.get("InputDataConfig") or ():
                source = channel["DataSource"]["S3DataSource"]
                sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
                chosen = shard(number, len(names)) if sharded else None
                channels.download(source["S3Uri"], host.ml / "input/data" / channel["ChannelName"], chosen)

    def run(
        self,
        container: Container,
        inbox: "queue.SimpleQueue[str]",
        *,
        limit: float,
        on_line: Callable[[str], None],
        on_ending: Callable[[str], float],
    ) -> Ended:
        """Run the container on every host until all have ended well, one has failed, or a message asks for the end.

        `on_ending(message)` says how many seconds are between SIGTERM and SIGKILL then; "overrun" is the message
        after `limit` seconds.
        """
        self._attempt += 1
        logs: list[LogStream] = []
        running: dict[str, Process] = {}
        try:
            for host, own in zip(self.all, self._containers(container), strict=True):
                log = container.session.logs(LOG_GROUP, stream_name(container.session.name, host.name))
                logs.append(log)
                # The first host's lines are the job's: its metrics are read from them.
                listeners: list[Callable[[str], None]] = [log.write]
                if host is self.all[0]:
                    listeners.append(on_line)
                running[self._key(host)] = own.start(_each(listeners), partial(_put, inbox, self._key(host)))
            with MemoryWatch(running, memory_bytes(self._request["ResourceConfig"]["InstanceType"])) as watch:
                ended = self._wait(running, inbox, limit, on_ending)
            return replace(ended, short_of_memory=self._key(ended.host) in watch.ended)
        finally:
            for process in running.values():
                process.stop(0)
            for log in logs:
                log.close()

    def _key(self, host: Host) -> str:
        # The inbox may still hold the end of an earlier attempt's host.
        return f"{host.name}:{self._attempt}"

    def _wait(
        self,
        running: dict[str, Process],
        inbox: "queue.SimpleQueue[str]",
        limit: float,
        on_ending: Callable[[str], float],
    ) -> Ended:
        deadline, left = time.monotonic() + limit, {self._key(host): host for host in self.all}
        while True:
            try:
                message = inbox.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                message = "overrun"
            if ":" in message and message not in running:
                continue
            if message not in running:
                code = _stop_all(list(running.values()), on_ending(message))
                return Ended(code, self.all[0], message)
            code, host = running[message].wait() or 0, left.pop(message)
            if code or not left:
                return Ended(code, host)

    def _containers(self, container: Container) -> list[Container]:
        if len(self.all) == 1:
            return [replace(container, folder=self.all[0].folder)]
        known = host_names.addresses([host.name for host in self.all])
        hosts = host_names.write_hosts(self.folder, known)
        if host_names.namespaces_work():
            return [replace(container, folder=host.folder, before=host_names.entering(hosts)) for host in self.all]
        resolver = host_names.write_resolver(self.folder)
        path = container.image.variables(self.all[0].ml).get("PYTHONPATH", "")
        more = {"FAIRWAY_TWIN_HOSTS": json.dumps(known), "PYTHONPATH": f"{resolver}:{path}".rstrip(":")}
        return [replace(container, folder=host.folder, variables={**container.variables, **more}) for host in self.all]


def _put(inbox: "queue.SimpleQueue[str]", message: str, _code: int) -> None:
    inbox.put(message)


def _each(listeners: list[Callable[[str], None]]) -> Callable[[str], None]:
    def listen(line: str) -> None:
        for listener in listeners:
            listener(line)

    return listen


def _stop_all(processes: list[Process], grace: float) -> int:
    deadline = time.monotonic() + grace
    for process in processes:
        process.ask_to_end()
    return max((process.stop(max(deadline - time.monotonic(), 0)) for process in processes), default=0)
