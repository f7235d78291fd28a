"""Clients that mean no good, against the running container: it stays up, stays small, and serves the others."""

import gzip
import http.client
import itertools
import json
import os
import random
import resource
import socket
import struct
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest
from tests.fuzz.connections import Client
from tests.fuzz.framing import KINDS, broken
from tests.fuzz.requests import Request
from tests.fuzz.seeds import corpus, seeds

from fairway.serving.serve import HEAPS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's /proc")

IDLE = 10_000
HEAP = 64 * 1024 * 1024
LIMIT = 6 * 1024 * 1024
HEAD = b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
RIGHT = seeds()[0]
SECONDS = 60
"""For any one answer: ten times and more what it takes on a busy machine."""


def connect(served, seconds=SECONDS):
    return socket.create_connection(("127.0.0.1", served.port), timeout=seconds)


def ask_once(served, request):
    with Client(served.port) as client:
        return client.ask(request)


def status_of(connection):
    """The status of the next answer; 0 where the server closed or reset the connection instead."""
    said = b""
    with suppress(ConnectionError):
        while len(said) < 12:
            more = connection.recv(4096)
            if not more:
                break
            said += more
    return int(said[9:12] or 0)


@contextmanager
def others_are_served(served, megabytes):
    """Others get right answers in the meantime; no process dies, and all together grow by so many MB at most."""
    ask_once(served, RIGHT)
    before, processes, done = served.megabytes(), served.processes(), threading.Event()
    statuses: list[int] = []
    most = [before]

    def ask() -> None:
        with Client(served.port) as client:
            while not done.is_set() or not statuses:
                statuses.append(client.ask(RIGHT))
                most.append(served.megabytes())

    other = threading.Thread(target=ask, daemon=True)
    other.start()
    try:
        yield
    finally:
        done.set()
        other.join(timeout=SECONDS)
    assert not other.is_alive(), "another client waits for its answer"
    assert set(statuses) == {200}
    assert served.processes() == processes
    assert max(most) - before < megabytes
    assert '"level": "ERROR"' not in served.log.read_text()


def test_slow_clients_keep_nobody_waiting(served):
    with others_are_served(served, megabytes=30), ExitStack() as stack:
        slow = [stack.enter_context(connect(served)) for _ in range(200)]
        body = RIGHT.body
        for connection in slow:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        for byte in body[:-1]:
            for connection in slow:
                connection.sendall(bytes((byte,)))
        for connection in slow:
            connection.sendall(body[-1:])
        assert {status_of(connection) for connection in slow} == {200}


@pytest.mark.parametrize(("clients", "announced"), [(24, 1000), (8, 1_000_000)])
def test_clients_that_stop_within_their_bodies_leave_room_for_others(served, clients, announced):
    """They stay, and say no more: the rest of their bodies is awaited all the while."""
    with ExitStack() as stack:
        for _ in range(clients):
            connection = stack.enter_context(connect(served))
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n2013," % announced)
        with others_are_served(served, megabytes=60):
            for _ in range(20):
                with closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=SECONDS)) as other:
                    other.request("GET", "/ping")
                    assert other.getresponse().status == 200


def test_threads_share_their_heaps(served):
    """Each heap keeps what its threads once needed: with one a thread, memory grew for as long as requests differed."""
    with ExitStack() as stack:
        waiting = [stack.enter_context(connect(served)) for _ in range(24)]
        for connection in waiting:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n2013," % len(RIGHT.body))
        until = time.monotonic() + SECONDS
        while max(len([*Path(f"/proc/{process}/task").iterdir()]) for process in served.processes()) < 12:
            assert time.monotonic() < until, "no new threads are started for those who wait"
            time.sleep(0.05)
        heaps = [heaps_of(process) for process in served.processes()]
    assert max(heaps) < HEAPS, heaps


def heaps_of(process):
    """How many heaps a process has beside its first: glibc reserves 64 MB for each, and uses the beginning."""
    maps: list[tuple[int, int, str]] = []
    for line in Path(f"/proc/{process}/maps").read_text().splitlines():
        span, kind = line.split()[:2]
        begin, end = span.split("-")
        maps.append((int(begin, 16), int(end, 16), kind))
    return sum(
        begin % HEAP == 0 and end - begin == HEAP and (kind, rest) == ("rw-p", "---p")
        for (begin, _, kind), (_, end, rest) in itertools.pairwise(maps)
    )


def test_clients_that_close_halfway_are_forgotten(served):
    with others_are_served(served, megabytes=30):
        for number in range(300):
            with connect(served) as connection:
                connection.sendall((HEAD + b"Content-Length: 1000\r\n\r\n2013,7")[: 40 + number])
                if number % 3 == 0:
                    connection.shutdown(socket.SHUT_WR)
                elif number % 3 == 1:  # a reset, as of a client that was killed
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_client_that_closed_its_half_is_answered(served):
    with connect(served) as connection:
        connection.sendall(RIGHT.to_bytes(framed=True))
        connection.shutdown(socket.SHUT_WR)
        assert status_of(connection) in (200, 0)


@pytest.mark.parametrize("name", ["length", "chunks"])
def test_a_body_that_is_too_large_is_refused_however_it_is_announced(served, name):
    block = RIGHT.body * 1000
    with others_are_served(served, megabytes=60), connect(served) as connection:
        blocks = 1 + LIMIT // len(block)
        if name == "length":
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (blocks * len(block)))
        else:
            connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(blocks):
                connection.sendall(block if name == "length" else b"%x\r\n%b\r\n" % (len(block), block))
            connection.sendall(b"" if name == "length" else b"0\r\n\r\n")
        assert status_of(connection) == 413


def test_a_body_without_an_end_is_not_read_for_ever(served):
    """Chunk after chunk: memory stays what it was, and the connection is answered or closed at last."""
    block = b"%x\r\n%b\r\n" % (1 << 20, b"1" * (1 << 20))
    with others_are_served(served, megabytes=60), connect(served) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError, TimeoutError):
            for _ in range(256):
                connection.sendall(block)
            pytest.fail("256 MB were read")
        assert status_of(connection) in (413, 0)


@pytest.mark.parametrize("kind", ["text/csv", "application/json", "application/jsonlines"])
def test_a_small_body_that_unpacks_to_a_large_one_is_refused(served, kind):
    """Two hundredfold, and packed twice."""
    bomb = gzip.compress(b"1" * (1 << 28), 1)
    for body in (bomb, gzip.compress(bomb)):
        request = Request(b"POST", b"/invocations", ((b"Content-Type", kind.encode()),), body)
        with others_are_served(served, megabytes=60):
            assert ask_once(served, request.with_header(b"Content-Encoding", b"gzip")) in (400, 413, 415)


def test_what_fuzzing_found_once_is_not_found_again(served):
    for file in corpus():
        ask_once(served, Request.from_bytes(file.read_bytes()))


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_what_is_no_http_is_refused_or_closed(served, kind):
    rng = random.Random(kind)  # noqa: S311 -- no secret
    with others_are_served(served, megabytes=30):
        for number in range(30):
            Client(served.port).break_(KINDS[kind](rng), close_half=number % 2 == 0)


def test_ten_thousand_idle_connections_leave_room_for_others(served):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < IDLE + 500:
        pytest.skip(f"the hard limit of open files is {hard}: {IDLE + 500} are needed")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with others_are_served(served, megabytes=300), ExitStack() as stack:
            for number in range(IDLE):
                connection = stack.enter_context(connect(served))
                if number % 2:  # half of them have begun to speak
                    connection.sendall(HEAD[:60])
            assert ask_once(served, RIGHT) == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.long
def test_a_storm_of_all_of_them_for_a_minute(served):
    """Slow, broken and large at once, from eight clients; then the answers are as they were."""
    until = time.monotonic() + 60
    expected = answer(served)

    def storm(seed):
        rng = random.Random(seed)  # noqa: S311 -- no secret
        while time.monotonic() < until:
            Client(served.port).break_(broken(rng))
            with connect(served) as connection, suppress(OSError):
                connection.sendall(HEAD + b"Content-Length: 99999999\r\n\r\n" + os.urandom(rng.randrange(1 << 20)))

    with others_are_served(served, megabytes=150):
        threads = [threading.Thread(target=storm, args=(seed,), daemon=True) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=180)
    assert answer(served) == expected


def answer(served):
    with closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=SECONDS)) as connection:
        connection.request("POST", "/invocations", RIGHT.body, {"Content-Type": "text/csv"})
        return json.loads(connection.getresponse().read())
