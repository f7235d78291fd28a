"""What breaks HTTP itself: bytes for a connection of their own, after which the server must still answer others."""

import random
from collections.abc import Callable

HEAD = b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def broken(rng: random.Random) -> bytes:
    """Return the bytes of one connection."""
    return rng.choice(KINDS)(rng)


def _chunks(rng: random.Random) -> bytes:
    """Sizes that are none, and ends that are missing."""
    parts = (b"%b\r\nabc\r\n" % rng.choice(_SIZES) for _ in range(rng.randrange(1, 5)))
    return CHUNKED + b"".join(parts) + rng.choice((b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n", b"0\n\n", b"", b"3\r\nab"))


_SIZES = (
    b"3", b"0003", b"3;x=y", b"-1", b"0x3", b"3 ", b" 3", b"g", b"ffffffffffffffff", b"10000000000000000", b"",
    b"3" * 300,
)  # fmt: skip
_LENGTHS = (
    b"-1", b"abc", b"99999999999999999999", b"3, 3", b"3, 4", b"+3", b"", b"3\r\nContent-Length: 4", b"6291457", b"0x3",
)  # fmt: skip
_LINES = (
    b"X: " + b"a" * 20_000, b"X" * 5000 + b": y", b": nothing", b"X : y", b" folded", b"X: \x00", b"X: \xff\xfe",
    b"none", b"Content-Type: application/json", b"Expect: 100-continue", b"Expect: whatever",
    b"Connection: upgrade\r\nUpgrade: h2c",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: \x0bchunked",
    b"\r\n".join(b"X-%d: y" % number for number in range(300)),
)  # fmt: skip
_FIRST = (
    b"GET / HTTP/9.9", b"GET /ping", b"GET  /ping HTTP/1.1", b"get /ping HTTP/1.1", b"PRI * HTTP/2.0",
    b"OPTIONS * HTTP/1.1", b"GET http://[::1 HTTP/1.1", b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
    b"GET /\xff HTTP/1.1", b"CONNECT a:1 HTTP/1.1",
    b"POST /invocations HTTP/1.0", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /ping HTTP/1.1\nHost: x", b"",
)  # fmt: skip
KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    _chunks,
    lambda rng: rng.randbytes(rng.randrange(1, 400)),
    lambda rng: HEAD + b"Content-Length: %b\r\n\r\n2013,7,4" % rng.choice(_LENGTHS),
    lambda _rng: HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    lambda rng: HEAD + b"\r\n".join(rng.choice(_LINES) for _ in range(rng.randrange(1, 5))) + b"\r\n\r\n",
    lambda rng: HEAD[: rng.randrange(len(HEAD))],
    lambda rng: rng.choice(_FIRST) + b"\r\nHost: localhost\r\n\r\n",
    lambda rng: (HEAD + b"Content-Length: 3\r\n\r\nabc") * rng.randrange(2, 20) + rng.randbytes(rng.randrange(20)),
)
