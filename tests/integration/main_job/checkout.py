"""A checkout of the repository, used as its user does: by commands in its folder, and by any AWS tool on its twin."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).parents[3]
PROMPTLY = 300.0
"""Seconds within which anything that is waited for here has come about, on a machine that is busy with other things."""
INTERRUPTED = "Interrupted. What was finished is kept; the same command can be run again.\n"
_ITS_OWN = ("CLOUD", "TERRAFORM", "AWS_", "FAIRWAY_", "TF_VAR", "TF_DATA")


@dataclass(frozen=True)
class Result:
    """What a command ended with, and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Checkout:
    """A folder with the repository's files, and the port of its twin."""

    root: Path
    port: int
    account: str = "111111111111"

    @property
    def copy(self) -> "Checkout":
        """The copy that `make demo` works in."""
        return Checkout(self.root / "build/rehearsal/repo", self.port, self.account)

    @property
    def variables(self) -> dict[str, str]:
        """What stands in the environment of a user who has set nothing but the twin's port."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_ITS_OWN)}
        return {**kept, "PYTHONPATH": "src", "FAIRWAY_TWIN_PORT": str(self.port), "COLUMNS": "200"}

    @property
    def aws_variables(self) -> dict[str, str]:
        """The environment of any AWS tool: what `make env` prints, and nothing else."""
        lines = self.fairway("env").out.splitlines()
        exports = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        return {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", **exports}

    def start(self, *words: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a command as a shell in a terminal does: with what it starts, a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "fairway", *words], cwd=self.root, env={**self.variables, **variables}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0,
        )  # fmt: skip

    def fairway(self, *words: str, **variables: str) -> Result:
        """Run a command to its end."""
        return ended(self.start(*words, **variables))

    def client(self, service: str) -> Any:
        make: Any = boto3.client  # its stubs know no service by a variable
        return make(
            service, endpoint_url=f"http://127.0.0.1:{self.port}", region_name="us-east-1",
            aws_access_key_id=self.account, aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, proxies={}),
        )  # fmt: skip

    def git(self, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=True).stdout

    @contextmanager
    def edited(self, name: str, pattern: str, replacement: str) -> Iterator[None]:
        """Change a file for as long as the block lasts; the pattern must occur."""
        path = self.root / name
        before = path.read_text()
        after, times = re.subn(pattern, replacement, before)
        assert times, f"{name} has no {pattern}"
        path.write_text(after)
        try:
            yield
        finally:
            path.write_text(before)

    def locks(self) -> list[str]:
        """Return the keys of the Terraform locks that are held."""
        s3 = self.client("s3")
        buckets = [each["Name"] for each in s3.list_buckets()["Buckets"] if "-tfstate-" in each["Name"]]
        listed = [item["Key"] for bucket in buckets for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return [key for key in listed if key.endswith(".tflock")]


def ended(process: "subprocess.Popen[str]") -> Result:
    out, err = process.communicate(timeout=2 * PROMPTLY)
    return Result(process.returncode, out, err)


def interrupt(process: "subprocess.Popen[str]") -> Result:
    """Press Ctrl-C: a terminal signals the whole group."""
    os.killpg(process.pid, signal.SIGINT)
    return ended(process)


def wait_until(condition: Callable[[], object], process: "subprocess.Popen[str] | None" = None) -> None:
    """Wait for a condition; an answer that cannot be had yet is no answer. A process that ends first is a failure."""
    until = time.monotonic() + PROMPTLY
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"it ended first: {process.communicate()}")
        if time.monotonic() > until:
            if process is not None:
                process.kill()
            raise AssertionError(f"{condition} did not come about")
        time.sleep(0.05)


def make_checkout(root: Path, port: int, *, environments: Sequence[str] = ("dev",)) -> Checkout:
    """Copy the files that Git knows, uncommitted changes included, into a repository of their own.

    Of the environments there is dev alone, unless others are asked for.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        below, _, rest = name.partition("terraform/environments/")
        other = not below and rest.partition("/")[0] not in environments
        if (ROOT / name).is_file() and not other:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    for environment in (".venv", ".venv-checkov"):
        if (ROOT / environment).exists():
            (root / environment).symlink_to((ROOT / environment).resolve())
    checkout = Checkout(root, port)
    checkout.git("init", "--quiet", "--initial-branch=main")
    commit(checkout)
    return checkout


def commit(checkout: Checkout) -> None:
    checkout.git("add", "--all")
    checkout.git("-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "--message", "Start")
