"""A client of the running container that sends what it is given, right or not."""

import socket
from contextlib import suppress
from email.parser import BytesParser

from tests.fuzz.oracle import WrongAnswerError, check
from tests.fuzz.requests import Request

SECONDS = 30.0
"""A server that takes longer for one of these small requests is taken for hung, on any machine."""
PATIENCE = 0.02
"""How long a broken request waits for words before the next one."""


class Client:
    """One connection at a time, kept open as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: socket.socket | None = None
        self._rest = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, request: Request) -> int:
        """Send a request; return the status of an answer that passed the checks."""
        sent = request.to_bytes(framed=True)
        for _ in range(2):
            connection = self._open()
            try:
                connection.sendall(sent)
                return self._answer(connection, request.method.decode())
            except (ConnectionError, EOFError):
                # It may have been closed after the last answer: a new one tells whether it is this request's doing.
                self.close()
        raise WrongAnswerError("the connection was closed without an answer")

    def break_(self, sent: bytes, *, close_half: bool = False) -> None:
        """Send something broken on a connection of its own; a failure of the server's for an answer is raised."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=SECONDS) as connection:
            with suppress(OSError):
                connection.sendall(sent)
                if close_half:
                    connection.shutdown(socket.SHUT_WR)
            connection.settimeout(PATIENCE)
            said = b""
            with suppress(OSError):
                said = connection.recv(65536)
        if said[9:10] == b"5" and said[9:12] not in (b"501", b"505"):  # HTTP's own words for what it does not know
            raise WrongAnswerError(f"{said[:300]!r} to {sent[:300]!r}")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._rest = None, b""

    def _open(self) -> socket.socket:
        if self._connection is None:
            self._connection = socket.create_connection(("127.0.0.1", self._port), timeout=SECONDS)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    def _answer(self, connection: socket.socket, method: str) -> int:
        data = self._rest
        while b"\r\n\r\n" not in data:
            data += self._more(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        first, _, lines = head.partition(b"\r\n")
        headers = {name.lower(): value for name, value in BytesParser().parsebytes(lines + b"\r\n\r\n").items()}
        length = 0 if method == "HEAD" else int(headers["content-length"])
        while len(body) < length:
            body += self._more(connection)
        self._rest = body[length:]
        status = int(first.split()[1])
        check(status, headers, body[:length], method)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return status

    def _more(self, connection: socket.socket) -> bytes:
        data = connection.recv(65536)
        if not data:
            raise EOFError
        return data
