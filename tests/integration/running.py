"""A real twin, as `python -m fairway.twin` starts it, for the tests that need one."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from fairway.twin import watchdog

SOURCES = Path(__file__).parents[2] / "src"
START_SECONDS = 30
PORTS = range(20_000, 30_000)


@dataclass(frozen=True)
class RunningTwin:
    """A twin that runs, and clients of it."""

    directory: Path
    port: int
    process: "subprocess.Popen[bytes]"
    account: str = "111111111111"
    region: str = "us-east-1"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """What makes any AWS tool talk to the twin, as the account's root."""
        return self.variables_of({"AccessKeyId": self.account, "SecretAccessKey": "test"})

    def variables_of(self, credentials: Mapping[str, Any]) -> dict[str, str]:
        variables = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if credentials.get("SessionToken"):
            variables["AWS_SESSION_TOKEN"] = credentials["SessionToken"]
        return variables

    def client(self, service: str, credentials: Mapping[str, Any] | None = None) -> Any:
        """Return a client; of the root user, or of credentials as AssumeRole and CreateAccessKey give them."""
        keys = credentials or {"AccessKeyId": self.account, "SecretAccessKey": "test"}
        make: Any = boto3.client  # its stubs know no service by a variable
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"max_attempts": 0}, proxies={}),
        )

    def stop(self) -> int:
        """End it as `make down` does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def processes(self) -> list[int]:
        """What it has started, and still runs."""
        return watchdog.processes_of(str(self.directory))


def free_port() -> int:
    """Return a port that no other test gets, of this run or of another one, for as long as this process lives.

    It lies below the ports that the kernel gives away, to connections for example, before a twin listens on it. What
    keeps it is the UDP port of the same number, which is this process's alone.
    """
    for port in random.sample(PORTS, len(PORTS)):
        kept = socket.socket(type=socket.SOCK_DGRAM)
        try:
            kept.bind(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)):
                pass
        except OSError:
            kept.close()
            continue
        kept.detach()  # open until the process ends
        return port
    raise AssertionError(f"no port of {PORTS} is free")


def start_twin(
    directory: Path, variables: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
) -> RunningTwin:
    """Start a twin on a free port and return when it is ready; end it with `stop`."""
    port = free_port()
    log = (directory.parent / f"{directory.name}.out").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "fairway.twin", "--directory", str(directory), "--port", str(port), *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES), **(variables or {})},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    log.close()
    deadline = time.monotonic() + START_SECONDS
    while not (directory / "twin.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"the twin did not start: {Path(log.name).read_text()}")
        time.sleep(0.05)
    assert json.loads((directory / "twin.json").read_text())["pid"] == process.pid
    return RunningTwin(directory.resolve(), port, process)
