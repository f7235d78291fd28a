"""Measure the twin's round trips beside ministack alone, and the demo by phase; write benchmarks/results/twin.*.

Both servers run at once on this machine and are asked in turns, so that their ratio outlives the machine's mood.
Usage: python benchmarks/twin/measure.py [--rounds N] [--demo-timings FILE]
"""

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REPOSITORY = Path(__file__).parents[2]
RESULTS = REPOSITORY / "benchmarks/results"
ACCOUNT = "111111111111"
REQUESTS = 400
THREADS = 8


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(command: list[str], port: int, **environment: str) -> Iterator[str]:
    """Run a server until the block ends; yield its address once it listens."""
    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), **environment}
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[2]} did not start")
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def client(service: str, endpoint: str) -> Any:
    """Make a client that keeps its connections open."""
    return boto3.client(  # type: ignore[call-overload]  # the name is not a literal
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",  # noqa: S106  # root of the twin, the same on every machine
        config=Config(max_pool_connections=THREADS, retries={"max_attempts": 0}),
    )  # fmt: skip


def throughput(call: Callable[[], object], threads: int) -> float:
    """Return requests a second of `REQUESTS` calls by `threads` clients."""
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        list(pool.map(lambda _number: call(), range(REQUESTS)))
        return REQUESTS / (time.perf_counter() - began)


def operations(endpoint: str, *, own: bool) -> dict[str, Callable[[], object]]:
    """Return what is asked of a server: the same calls of both, and of the twin one of its own services."""
    sts, s3 = client("sts", endpoint), client("s3", endpoint)
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="kilobyte", Body=b"x" * 1024)
    calls: dict[str, Callable[[], object]] = {
        "sts GetCallerIdentity": sts.get_caller_identity,
        "s3 HeadObject": lambda: s3.head_object(Bucket="bench", Key="kilobyte"),
    }
    if own:
        calls["sagemaker ListModels"] = client("sagemaker", endpoint).list_models
    return calls


def round_trips(rounds: int) -> list[dict[str, Any]]:
    """Ask both servers in turns; return a row for each operation and number of clients, of medians."""
    twin_port, peer_port = free_port(), free_port()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        twin = stack.enter_context(server(
            [sys.executable, "-m", "fairway.twin", "--directory", folder, "--port", str(twin_port),
             "--account", ACCOUNT, "--region", "us-east-1"], twin_port))  # fmt: skip
        peer = stack.enter_context(server(
            [sys.executable, "-m", "ministack"], peer_port, GATEWAY_PORT=str(peer_port), AUTH="true",
            MINISTACK_ACCOUNT_ID=ACCOUNT, CLOUDTRAIL_RECORDING="1", LAMBDA_EXECUTOR="local", LOG_LEVEL="WARNING",
            SFTP_ENABLED="0", IOT_MTLS_ENABLED="0"))  # fmt: skip
        ours, theirs = operations(twin, own=True), operations(peer, own=False)
        return [row(name, threads, ours[name], theirs.get(name), rounds) for name in ours for threads in (1, THREADS)]


def row(
    name: str, threads: int, ours: Callable[[], object], theirs: Callable[[], object] | None, rounds: int
) -> dict[str, Any]:
    """Measure one operation, in turns with the peer's where it has it."""
    pairs = [(throughput(ours, threads), throughput(theirs, threads) if theirs else None) for _ in range(rounds)]
    ratios = [mine / other for mine, other in pairs if other]
    others = [other for _, other in pairs if other]
    return {
        "operation": name,
        "clients": threads,
        "twin_requests_per_second": round(statistics.median(mine for mine, _ in pairs)),
        "ministack_requests_per_second": round(statistics.median(others)) if others else None,
        "ratio": round(statistics.median(ratios), 2) if ratios else None,
    }


def demo() -> dict[str, float]:
    """Run the demo in a clone of this checkout's last commit and return its seconds by phase."""
    port = str(free_port())
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | {
            "FAIRWAY_TWIN_PORT": port
        }
        began = time.perf_counter()
        subprocess.run(["make", "setup"], cwd=clone, env=environment, check=True)
        setup = time.perf_counter() - began
        try:
            subprocess.run(["make", "demo"], cwd=clone, env=environment, check=True)
            phases: dict[str, float] = json.loads((clone / "build/rehearsal/timings.json").read_text())
        finally:
            subprocess.run(["make", "down"], cwd=clone, env=environment, check=False)
    return {"Set-up, with warm package caches": setup, **phases}


def terraform_version() -> str:
    """Return the version of the Terraform on PATH."""
    said = subprocess.check_output(["terraform", "version", "-json"], text=True)
    return str(json.loads(said[said.index("{") :])["terraform_version"])


def report(rows: list[dict[str, Any]], phases: dict[str, float], command: str) -> None:
    """Write the results as JSON and as a table to read."""
    facts = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "ministack": version("ministack"),
        "terraform": terraform_version(),
        "command": command,
    }  # fmt: skip
    (RESULTS / "twin.json").write_text(
        json.dumps({"facts": facts, "round_trips": rows, "demo_seconds": phases}, indent=2) + "\n"
    )
    lines = ["# The twin, measured", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    lines += [
        "| operation | clients | twin, requests/s | ministack alone, requests/s | ratio |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        "| " + " | ".join("-" if value is None else str(value) for value in each.values()) + " |" for each in rows
    ]
    if phases:
        lines += ["", "| phase of `make demo` (the last time, of those that come twice) | seconds |", "| --- | --- |"]
        lines += [f"| {name} | {seconds:.1f} |" for name, seconds in phases.items()]
    (RESULTS / "twin.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--demo-timings", type=Path, help="build/rehearsal/timings.json of a demo that ran already")
    told = parser.parse_args()
    rows = round_trips(told.rounds)
    phases = json.loads(told.demo_timings.read_text()) if told.demo_timings else demo()
    option = " --demo-timings build/rehearsal/timings.json" if told.demo_timings else ""
    report(rows, phases, f"python benchmarks/twin/measure.py --rounds {told.rounds}{option}")
    print((RESULTS / "twin.md").read_text())


main()
