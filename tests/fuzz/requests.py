"""A fuzzed request: the bytes of HTTP/1.1 that are sent, and what the application would be given of them."""

import io
from dataclasses import dataclass, replace
from typing import Any

Headers = tuple[tuple[bytes, bytes], ...]
FRAMING = frozenset((b"content-length", b"transfer-encoding", b"connection", b"expect", b"host", b"upgrade"))


@dataclass(frozen=True)
class Request:
    """A request that HTTP allows, whatever its members say; the framing is added when it is sent."""

    method: bytes
    path: bytes
    headers: Headers
    body: bytes

    def with_header(self, name: bytes, value: bytes | None) -> "Request":
        """Return it with the header set, or left out."""
        others = tuple(each for each in self.headers if each[0].lower() != name.lower())
        return replace(self, headers=others if value is None else (*others, (name, value)))

    def header(self, name: bytes) -> bytes:
        """Return a header's value, empty where there is none."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), b"")

    def to_bytes(self, *, framed: bool = False) -> bytes:
        """Return the bytes; `framed` as they are sent, else as the corpus keeps them, for people to read."""
        added = ((b"Host", b"localhost"), (b"Content-Length", b"%d" % len(self.body))) if framed else ()
        head = b"".join(b"%b: %b\r\n" % each for each in (*added, *self.headers))
        return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (self.method, self.path, head, self.body)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Request":
        """Read any bytes as a request: what HTTP would refuse is left out, so that the rest reaches the application."""
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, path, _ = [*first.split(b" ", 2), b"", b""][:3]
        pairs = (line.partition(b":")[::2] for line in lines)
        headers = ((_token(name), _text(value)) for name, value in pairs)
        kept = tuple((name, value) for name, value in headers if name and name.lower() not in FRAMING)
        return cls(_token(method) or b"POST", b"/" + _target(path).lstrip(b"/"), kept[:30], body)

    def environ(self) -> dict[str, Any]:
        """Return what a WSGI server would hand over."""
        path, _, query = self.path.partition(b"?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method.decode("latin-1"),
            "PATH_INFO": path.decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.input": io.BytesIO(self.body),
        }
        for name, value in self.headers:
            key = name.decode("latin-1").upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value.decode("latin-1")
        return environ


def _token(data: bytes) -> bytes:
    return bytes(byte for byte in data if (chr(byte).isalnum() and byte < 128) or byte in b"-_")[:40]


def _text(data: bytes) -> bytes:
    return bytes(byte for byte in data if (byte >= 32 and byte != 127) or byte == 9).strip()[:2000]


def _target(data: bytes) -> bytes:
    return bytes(byte for byte in data if (chr(byte).isalnum() and byte < 128) or byte in b"-_./?=&~%")[:200]
