"""What one instance of a transform job does: its files, one after the other, several requests at a time."""

import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fairway.twin.runtime.failures import CallerError, RunError
from fairway.twin.runtime.transform_client import UnansweredError
from fairway.twin.runtime.transform_records import RecordError

if TYPE_CHECKING:
    import threading

    from fairway.twin.runtime.transform_client import ModelClient
    from fairway.twin.runtime.transform_inputs import Input
    from fairway.twin.runtime.transform_joining import Joining
    from fairway.twin.runtime.transform_records import Splitting
    from fairway.twin.runtime.transform_settings import Feeding


class Output:
    """What is written for one input: all of it, in the order of its records, or no file at all."""

    def __init__(self, source: "Input", directory: Path) -> None:
        self.source = source
        self.failed = False
        path = directory / f"{source.name}.out"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")

    def write(self, content: bytes) -> None:
        """Append an answer; what comes after a failure is nothing any more."""
        if not self.failed:
            self._file.write(content)

    def close(self) -> None:
        """End the file, or remove it."""
        self._file.close()
        if self.failed:
            Path(self._file.name).unlink()


@dataclass(frozen=True)
class Work:
    """How the records of a job become what is written."""

    feeding: "Feeding"
    splitting: "Splitting"
    joining: "Joining"
    line_ends: bool  # AssembleWith Line

    def answer(self, client: "ModelClient", records: Sequence[bytes]) -> bytes:
        """Return what is written of these records; raise RecordError or UnansweredError."""
        answer = client.ask(self.joining.request(records), self.feeding)
        content = self.joining.output(records, answer)
        return content + b"\n" if self.line_ends and not content.endswith(b"\n") else content


class Worker:
    """Feeds one instance. `say` writes a line of its data log; `faults` are those of the files that failed."""

    def __init__(self, client: "ModelClient", work: Work, say: Callable[[str], None], stop: "threading.Event") -> None:
        self.faults: list[type[RunError]] = []
        self._client = client
        self._work = work
        self._say = say
        self._stop = stop
        self._waiting: deque[tuple[Output, Future[bytes] | None]] = deque()

    def run(self, inputs: "Sequence[Input]", directory: Path) -> None:
        """Write the output of each input that all of it succeeds for; go on after one that fails."""
        at_once = self._work.feeding.at_once
        with ThreadPoolExecutor(at_once) as pool:
            for source in inputs:
                output = Output(source, directory)
                for records in self._batches(output):
                    self._waiting.append((output, pool.submit(self._work.answer, self._client, records)))
                    while len(self._waiting) > 2 * at_once:  # no more of a file than that is in memory
                        self._settle()
                self._waiting.append((output, None))
            while self._waiting:
                self._settle()

    def _batches(self, output: Output) -> Iterator[list[bytes]]:
        try:
            with output.source.open() as content:
                for records in self._work.splitting.batches(content):
                    if output.failed or self._stop.is_set():
                        return
                    yield records
        except RecordError as error:
            self._fail(output, CallerError, str(error))
        except (OSError, EOFError, zlib.error) as error:
            self._fail(output, CallerError, f"The file cannot be decompressed: {error}")

    def _settle(self) -> None:
        """Take the oldest request's answer, or end the file whose requests are all answered."""
        output, answer = self._waiting.popleft()
        if answer is None:
            output.close()
            return
        try:
            output.write(answer.result())
        except RecordError as error:
            self._fail(output, CallerError, str(error))
        except UnansweredError as error:
            self._fail(output, error.fault, *error.lines)

    def _fail(self, output: Output, fault: type[RunError], *lines: str) -> None:
        if not output.failed and not self._stop.is_set():
            self.faults.append(fault)
            for line in lines:
                self._say(f"{output.source.name}: {line}")
        output.failed = True
