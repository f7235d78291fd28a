"""Several hosts train one model: they meet at the first one, and XGBoost's own collective joins them from then on."""

import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from model.boosting import xgb

T = TypeVar("T")

# Where the hosts meet. SageMaker lets the hosts of a job reach each other on all ports.
MEETING_PORT = 9099
# SageMaker starts the hosts of a job together; what is later than this never comes.
JOIN_SECONDS = 300.0
# A host may still read its shard while the others wait for it; one that dies is noticed at once.
COLLECTIVE_SECONDS = 1800
_RETRY_SECONDS = 0.2
_LINE_BYTES = 4096


class HostMissingError(ValueError):
    """Not all hosts of the job met in time; the message names those that are missing."""

    def __init__(self, missing: Sequence[str], at: str, seconds: float) -> None:
        names = ", ".join(missing)
        super().__init__(
            f"{names} did not join {at} within {seconds:g} s: all hosts of the job were expected at port "
            f"{MEETING_PORT}. Look into the logs of the missing hosts; in a VPC the job's security group has to let "
            "itself in on all ports"
        )


class HostLostError(ValueError):
    """A host went away in the midst of the training."""

    def __init__(self, host: str, error: xgb.core.XGBoostError) -> None:
        super().__init__(
            f"{host} lost another host of the job while training ({_last_line(error)}): look into the logs of the "
            "other hosts for the first that failed. Started again, the training goes on from its last checkpoint"
        )


@dataclass(frozen=True)
class Cluster:
    """The hosts of a training and which one this is; the first one leads: it writes the artifact and the progress."""

    hosts: tuple[str, ...]
    rank: int

    @property
    def host(self) -> str:
        """The name of this host."""
        return self.hosts[self.rank]

    @property
    def leads(self) -> bool:
        """Whether this is the first host."""
        return self.rank == 0

    def gather(self, value: T) -> list[T]:
        """Return the value of every host, in their order, on every host."""
        if len(self.hosts) == 1:
            return [value]
        given: Any = value  # what a host sends to itself is its own
        return [xgb.collective.broadcast(given, root) for root in range(len(self.hosts))]


ALONE = Cluster(("algo-1",), 0)


@contextmanager
def meet(hosts: Sequence[str], host: str, seconds: float = JOIN_SECONDS) -> Iterator[Cluster]:
    """Meet the other hosts; inside of the block `xgboost` trains with them.

    Raises HostMissingError where one does not come within `seconds`, HostLostError where one goes away meanwhile.
    """
    ordered = tuple(sorted(hosts, key=_number))
    cluster = Cluster(ordered, ordered.index(host))
    arrive = _lead if cluster.leads else _follow
    with arrive(cluster, time.monotonic() + seconds, seconds) as arguments:
        try:
            xgb.collective.init(**arguments, dmlc_task_id=f"{cluster.rank:05d}", dmlc_timeout=COLLECTIVE_SECONDS)
            yield cluster
        except BaseException as error:
            # The others hear of it by the connections that end; left open, they end XGBoost at the process's end.
            with suppress(xgb.core.XGBoostError):
                xgb.collective.finalize()
            if isinstance(error, xgb.core.XGBoostError) and ("collective" in str(error) or "Allreduce" in str(error)):
                raise HostLostError(host, error) from error
            raise
        xgb.collective.finalize()


@contextmanager
def _lead(cluster: Cluster, deadline: float, seconds: float) -> Iterator[dict[str, Any]]:
    guests: dict[str, socket.socket] = {}
    address = _resolve(cluster.host, deadline, cluster, seconds)
    with socket.create_server((address, MEETING_PORT)) as server:
        while missing := [name for name in cluster.hosts[1:] if name not in guests]:
            server.settimeout(max(deadline - time.monotonic(), 0.01))
            try:
                guest, _ = server.accept()
                guests[_read_line(guest)] = guest
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise HostMissingError(missing, cluster.host, seconds) from error
    # A port of the system's choice: the tracker's own would be taken for a minute after an earlier training's end.
    tracker = xgb.RabitTracker(n_workers=len(cluster.hosts), host_ip=address, sortby="task", timeout=int(seconds))
    tracker.start()
    arguments: dict[str, Any] = dict(tracker.worker_args())
    for guest in guests.values():
        with guest:
            guest.sendall(json.dumps(arguments).encode() + b"\n")
    yield arguments
    tracker.wait_for(int(seconds))


@contextmanager
def _follow(cluster: Cluster, deadline: float, seconds: float) -> Iterator[dict[str, Any]]:
    leader = cluster.hosts[0]
    while True:
        address = _resolve(leader, deadline, cluster, seconds)
        try:
            with socket.create_connection((address, MEETING_PORT), timeout=_left(deadline)) as connection:
                connection.sendall(cluster.host.encode() + b"\n")
                arguments = json.loads(_read_line(connection))
                break
        except (OSError, ValueError) as error:
            # The leader is not there yet, or has gone again.
            if time.monotonic() >= deadline:
                raise HostMissingError([leader], cluster.host, seconds) from error
            time.sleep(_RETRY_SECONDS)
    yield arguments


def _resolve(name: str, deadline: float, cluster: Cluster, seconds: float) -> str:
    # A name may be known a little later than its host is up.
    while True:
        try:
            return socket.gethostbyname(name)
        except OSError as error:
            if time.monotonic() >= deadline:
                raise HostMissingError([name], cluster.host, seconds) from error
            time.sleep(_RETRY_SECONDS)


def _read_line(connection: socket.socket) -> str:
    connection.settimeout(connection.gettimeout() or JOIN_SECONDS)
    with connection.makefile("rb") as file:
        return file.readline(_LINE_BYTES).decode().strip()


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.01)


def _number(host: str) -> tuple[int, str]:
    # algo-10 comes after algo-9.
    digits = host.rpartition("-")[2]
    return (int(digits) if digits.isdecimal() else 0, host)


def _last_line(error: xgb.core.XGBoostError) -> str:
    said = [line.strip("- ") for line in str(error).split("Stack trace")[0].splitlines() if line.strip("- ")]
    return said[-1] if said else "no reason was given"
