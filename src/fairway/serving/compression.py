"""gzip, in and out, within a bound of memory."""

import gzip
import zlib

from fairway.errors import RequestError
from fairway.serving.media import takes_gzip

# Below this an answer fits in a packet, and compressing it costs more than it saves.
_WORTH_IT = 1400
_LEVEL = 1  # half of the size for a tenth of the time of the best
_GZIP = 31  # zlib's number for a window of 32 KB with a gzip header


def unpacked(body: bytes, coding: str, limit: int) -> bytes:
    """Return the body of a Content-Encoding; RequestError 400, 413 or 415 for one that is damaged, large or unknown."""
    if coding.strip().lower() in {"", "identity"}:
        return body
    if coding.strip().lower() not in {"gzip", "x-gzip"}:
        raise RequestError(415, f"The Content-Encoding {coding[:80]!r} is not supported: gzip or none is expected.")
    inflating = zlib.decompressobj(_GZIP)
    try:
        content = inflating.decompress(body, limit + 1)
    except zlib.error as error:
        raise RequestError(400, f"The body is no gzip: {error}.") from error
    if len(content) > limit:
        raise RequestError(413, f"The body is larger than {limit} bytes once it is unpacked: send fewer rows.")
    if not inflating.eof or inflating.unused_data:
        # Several files in one are allowed, and would let a body of many tiny ones keep a worker busy for hours.
        raise RequestError(
            400, "The body is no gzip: one compressed file, whole and with nothing after it, is expected."
        )
    return content


def packed(body: bytes, accept_encoding: str) -> bytes | None:
    """Return a body compressed, where the client takes it so and it is worth it."""
    if len(body) < _WORTH_IT or not accept_encoding or not takes_gzip(accept_encoding):
        return None
    return gzip.compress(body, _LEVEL, mtime=0)
