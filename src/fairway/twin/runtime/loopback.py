"""Connections to containers, which listen on ports of the loopback."""

import http.client
import select
import socket

# SageMaker's limit of a ping.
PING_SECONDS = 2


class NotReachedError(Exception):
    """The request never reached a container, which makes it safe to send it to another one."""


def ping(port: int) -> bool:
    """Tell whether GET /ping is answered by 200 within SageMaker's two seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PING_SECONDS)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """Return a port that nothing listens on; a container that loses it to another process is started on a new one."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def connect(port: int, timeout: float) -> http.client.HTTPConnection:
    """Return a connection, of which no packet waits for another; raise NotReachedError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.connect()
    except OSError as error:
        raise NotReachedError from error
    if connection.sock is not None:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def closed_by_server(connection: http.client.HTTPConnection) -> bool:
    """Tell whether an idle connection has something to read: nothing was asked, so it can only be its end."""
    if connection.sock is None:
        return True
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
