"""Batch transform's mini-batches: a file is split at its lines, and each request takes one or as many as it may.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

MEGABYTE = 1024 * 1024


class RecordError(Exception):
    """A file that cannot be processed, and why."""


@dataclass(frozen=True)
class Splitting:
    """How a job's files become requests: `lines` is SplitType Line, `several` is BatchStrategy MultiRecord."""

    lines: bool
    several: bool
    payload_bytes: int

    def batches(self, source: IO[bytes]) -> Iterator[list[bytes]]:
        """Yield the records of each request; lines of several keep their ends, so that they lie as in the file."""
        if not self.lines:
            yield [self._whole(source)]
        elif self.several:
            yield from self._filled(source)
        else:
            yield from ([line.removesuffix(b"\n")] for line in self._read(source))

    def _whole(self, source: IO[bytes]) -> bytes:
        content = source.read(self.payload_bytes + 1)
        if len(content) > self.payload_bytes:
            raise RecordError(
                f"The file is larger than MaxPayloadInMB ({self._limit} MB), and SplitType None sends it whole. Raise "
                "MaxPayloadInMB or split it by Line."
            )
        return content

    def _filled(self, source: IO[bytes]) -> Iterator[list[bytes]]:
        batch: list[bytes] = []
        size = 0
        for line in self._read(source):
            if batch and size + len(line) > self.payload_bytes:
                yield batch
                batch, size = [], 0
            batch.append(line)
            size += len(line)
        if batch:
            yield batch

    def _read(self, source: IO[bytes]) -> Iterator[bytes]:
        number = 0
        while line := source.readline(self.payload_bytes + 2):
            number += 1
            if len(line.removesuffix(b"\n")) > self.payload_bytes:
                raise RecordError(f"Line {number} is larger than MaxPayloadInMB ({self._limit} MB).")
            yield line

    @property
    def _limit(self) -> int:
        return self.payload_bytes // MEGABYTE
