"""Live traffic: real rows at a steady rate, from a process of its own, with a line for each request.

Run as `python -m fairway.traffic ENDPOINT ROWS.jsonl RECORD.jsonl --rate R --batch N`; SIGTERM ends it.
"""

import argparse
import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fairway.delivery import asking

CLIENTS = 16


@dataclass(frozen=True)
class Sent:
    """A request as its client saw it: when (epoch seconds), how long (seconds), by which release, what went wrong."""

    at: float
    seconds: float
    release: str
    error: str


@contextmanager
def traffic(
    environment: Mapping[str, str], endpoint: str, rows: Path, record: Path, *, rate: float, batch: int
) -> Iterator[None]:
    """Send traffic as long as the block runs, with the credentials that `environment` holds."""
    command = [sys.executable, "-m", __name__, endpoint, str(rows), str(record), f"--rate={rate}", f"--batch={batch}"]
    with subprocess.Popen(command, env=dict(environment)) as process:
        try:
            yield
        finally:
            process.terminate()


def read_record(path: Path) -> list[Sent]:
    """Return what was sent so far; a line that is still being written is left out."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [Sent(**json.loads(line)) for line in lines]


def send(runtime: Any, endpoint: str, body: bytes) -> Sent:
    """Send one request and tell how it went."""
    at, began = time.time(), time.perf_counter()
    release, error = "", ""
    try:
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body)
        answer["Body"].read()
        release = asking.release_in(answer.get("CustomAttributes", "")) or ""
    except ClientError as refused:
        error = refused.response["Error"]["Code"]
    except BotoCoreError as broken:
        error = type(broken).__name__
    return Sent(at, time.perf_counter() - began, release, error)


def bodies(rows: Sequence[object], batch: int) -> Iterator[bytes]:
    """Yield request bodies of `batch` rows each, for ever."""
    endless = itertools.cycle(rows)
    while True:
        yield json.dumps({"instances": list(itertools.islice(endless, batch))}).encode()


def main() -> None:
    """Send requests at a steady rate until SIGTERM: those that are slow do not hold back the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoint")
    parser.add_argument("rows", type=Path)
    parser.add_argument("record", type=Path)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--batch", type=int, required=True)
    told = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # A retry would hide a failure that a user's client might have seen.
    config = Config(max_pool_connections=CLIENTS, retries={"total_max_attempts": 1}, read_timeout=60)
    runtime = boto3.client("sagemaker-runtime", config=config)
    rows = [json.loads(line) for line in told.rows.read_text().splitlines()]
    with told.record.open("a", buffering=1) as record, ThreadPoolExecutor(CLIENTS) as pool:
        due = time.monotonic()
        for body in bodies(rows, told.batch):
            due += 1 / told.rate
            if stop.wait(max(0.0, due - time.monotonic())):
                break
            sending = pool.submit(send, runtime, told.endpoint, body)
            sending.add_done_callback(lambda done: record.write(json.dumps(asdict(done.result())) + "\n"))


if __name__ == "__main__":
    main()
