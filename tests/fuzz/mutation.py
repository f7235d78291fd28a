"""Seeded mutation of requests: of bytes, of values, of headers, of the shape."""

import gzip
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.fuzz.requests import Request
from tests.fuzz.words import ACCEPTS, ENCODINGS, METHODS, OTHERS, PATHS, TYPES, VALUES

LARGEST = 400_000  # larger bodies are the hostile tests'

Change = Callable[[random.Random, Request], Request]


class Mutator:
    """Makes requests of seeds; the same seed of the same seeds gives the same requests."""

    def __init__(self, seed: int, seeds: Sequence[Request]) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- no secret
        self._seeds = seeds

    def request(self) -> Request:
        """Return one more."""
        return self.mutated(self._random.choice(self._seeds))

    def mutated(self, request: Request) -> Request:
        """Return it changed in one to four ways; one in ten stays as it is."""
        if self._random.random() < 0.1:
            return request
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 4))):
            request = self._random.choice(CHANGES)(self._random, request)
        if len(request.body) > LARGEST:
            request = replace(request, body=request.body[:LARGEST])
        # As HTTP would have it: anything else is for `hostile`.
        return Request.from_bytes(request.to_bytes())


def _bytes(rng: random.Random, request: Request) -> Request:
    """Change single bytes."""
    body = bytearray(request.body)
    for _ in range(rng.choice((1, 1, 2, 8))):
        place = rng.randrange(len(body) + 1)
        match rng.randrange(4):
            case 0:
                body[place : place + 1] = bytes((rng.randrange(256),))
            case 1:
                del body[place : place + rng.choice((1, 1, 4, 64))]
            case 2:
                body[place:place] = rng.choice(VALUES)
            case _:
                body[place : place + 1] = rng.choice(b",\n\r\"'{}[]:;\\\t -+.eE0123456789").to_bytes(1, "big")
    return replace(request, body=bytes(body))


def _value(rng: random.Random, request: Request) -> Request:
    """Replace what stands between two separators."""
    separators = [place for place, byte in enumerate(request.body[:20_000]) if byte in b",:\n[{}]"]
    if len(separators) < 2:
        return replace(request, body=rng.choice(VALUES))
    number = rng.randrange(len(separators) - 1)
    value = rng.choice(VALUES)
    if rng.random() < 0.3:
        value = b'"%b"' % value
    return replace(
        request, body=request.body[: separators[number] + 1] + value + request.body[separators[number + 1] :]
    )


def _block(rng: random.Random, request: Request) -> Request:
    """Repeat, move, drop or reverse a part."""
    body = request.body
    first, last = sorted((rng.randrange(len(body) + 1), rng.randrange(len(body) + 1)))
    part = body[first:last]
    choices = (
        body[:first] + part * rng.choice((2, 3, 20)) + body[last:],
        body[:first] + body[last:],
        part,
        part + body[:first] + body[last:],
        body[:first] + part[::-1] + body[last:],
    )
    return replace(request, body=rng.choice(choices))


def _lines(rng: random.Random, request: Request) -> Request:
    """Repeat, drop or shuffle lines, or end them otherwise."""
    lines = request.body.split(b"\n")
    match rng.randrange(4):
        case 0:
            lines *= rng.choice((2, 10, 40))
        case 1:
            del lines[rng.randrange(len(lines))]
        case 2:
            rng.shuffle(lines)
        case _:
            return replace(request, body=rng.choice((b"\r\n", b"\r", b"\n\n", b"\x0b", b" \n")).join(lines))
    return replace(request, body=b"\n".join(lines))


def _header(rng: random.Random, request: Request) -> Request:
    """Change what the request says of itself."""
    match rng.randrange(5):
        case 0:
            return request.with_header(b"Content-Type", rng.choice(TYPES))
        case 1:
            return request.with_header(b"Accept", rng.choice(ACCEPTS))
        case 2:
            return request.with_header(b"Content-Encoding", rng.choice(ENCODINGS))
        case 3:
            return request.with_header(rng.choice(OTHERS), rng.choice((*VALUES, *ACCEPTS, *ENCODINGS)))
        case _:
            name = rng.choice((b"Content-Type", b"Accept", b"Content-Encoding"))
            return request.with_header(name, _bytes(rng, replace(request, body=request.header(name))).body[:500])


def _target(rng: random.Random, request: Request) -> Request:
    """Ask for something else, now and then."""
    kind = rng.randrange(8)
    if kind == 0:
        return replace(request, path=rng.choice(PATHS))
    return replace(request, method=rng.choice(METHODS)) if kind == 1 else request


def _packed(body: bytes) -> bytes:
    # Without the time, which is no seed's.
    return gzip.compress(body, 1, mtime=0)


def _compressed(rng: random.Random, request: Request) -> Request:
    """Compress the body: rightly, twice, in part, as something else, or into a small bomb."""
    body = request.body
    match rng.randrange(6):
        case 0:
            body = _packed(body)
        case 1:
            body = _packed(_packed(body))
        case 2:
            body = _packed(body)[: rng.randrange(40)]
        case 3:
            body = zlib.compress(body, 1)
        case 4:
            body = _packed(body) + rng.choice((_packed(body), b"rest", b"\x1f\x8b"))
        case _:
            body = _packed(body[:1] * rng.choice((10_000, 1_000_000)))
    return replace(request, body=body).with_header(b"Content-Encoding", b"gzip")


CHANGES: tuple[Change, ...] = (
    _bytes, _bytes, _bytes, _value, _value, _value, _value, _block, _lines, _header, _header, _target, _compressed,
)  # fmt: skip
