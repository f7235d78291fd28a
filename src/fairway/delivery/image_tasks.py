"""The tasks of a built image, run as SageMaker runs them, each on what the one before it left."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairway.delivery.buildah import ISOLATION, Buildah, Say, fresh, run, timed
from fairway.errors import ImageCheckError

GATE = {
    "thresholds": {"auc": {"min": 0.5}},
    "champion": {"metric": "auc", "goal": "maximize", "tolerance": 0.005},
}
START_SECONDS = 60

Raw = Callable[[Path], object]


@dataclass(frozen=True)
class Runner:
    """The image's tasks, run as SageMaker runs them: the entry point, one argument, `/opt/ml` mounted."""

    buildah: Buildah
    container: str
    entrypoint: list[str]
    workspace: Path
    user: str

    def tasks(self, write_raw: Raw, say: Say) -> None:
        """Run prepare, train, evaluate and serve, each on what the one before it left."""
        with fresh(self.workspace / "ml") as ml:
            write_raw(ml / "processing/input/raw")
            self._job("prepare", ml, say)
            channels = self._training_tree(ml)
            self._job("train", ml, say, drop=channels)
            archive = ml / "processing/input/model/model.tar.gz"
            archive.parent.mkdir()
            run(["tar", "-C", str(ml / "model"), "-czf", str(archive), "."])
            shutil.copytree(ml / "processing/output/data", ml / "processing/input/data")
            self._job("evaluate", ml, say)
            self._serve(ml, say)

    def _training_tree(self, ml: Path) -> list[Path]:
        config = {
            "hyperparameters": {},
            "resourceconfig": {"current_host": "algo-1", "hosts": ["algo-1"]},
            "inputdataconfig": {name: {"TrainingInputMode": "File"} for name in ("train", "validation")},
        }
        (ml / "input/config").mkdir(parents=True)
        for name, content in config.items():
            (ml / f"input/config/{name}.json").write_text(json.dumps(content))
        channels = [ml / "input/data" / name for name in ("train", "validation")]
        for channel in channels:
            shutil.copytree(ml / "processing/output/data" / channel.name, channel)
        return channels

    def _command(self, task: str, ml: Path, **environment: str) -> list[str]:
        variables = {
            "FAIRWAY_GIT_SHA": "0" * 40,
            "FAIRWAY_IMAGE": f"fairway-check@sha256:{'0' * 64}",
            "FAIRWAY_GATE": json.dumps(GATE),
            **environment,
        }
        options = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        run(["chown", "-R", self.user, str(ml)])
        mount = ["--volume", f"{ml}:/opt/ml"]
        return self.buildah.command("run", *ISOLATION, *mount, *options, self.container, "--", *self.entrypoint, task)

    def _job(self, task: str, ml: Path, say: Say, drop: Sequence[Path] = ()) -> None:
        with timed(say, task):
            run(self._command(task, ml), self.workspace / f"{task}.log")
        for path in drop:
            shutil.rmtree(path)

    def _serve(self, ml: Path, say: Say) -> None:
        golden = json.loads((ml / "processing/output/evaluation/golden.json").read_text())
        port = free_port()
        place = {"FAIRWAY_BIND_ADDRESS": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port)}
        with (
            timed(say, "serve"),
            (self.workspace / "serve.log").open("wb") as log,
            running(self._command("serve", ml, **place), log) as server,
        ):
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: request(f"{url}/ping"), server)
            answer = json.loads(request(f"{url}/invocations", json.dumps(golden["request"]).encode()))
            if answer != golden["response"]:
                raise ImageCheckError(f"/invocations answered {answer}, the evaluation {golden['response']}")
        say(f"/ping is 200; {len(answer['predictions'])} rows are answered as the evaluation recorded them")


@contextmanager
def running(command: Sequence[str], log: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command for as long as it is needed, then end it and all that it started."""
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(ready: Callable[[], object], process: "subprocess.Popen[bytes]") -> None:
    """Wait until `ready` no longer fails; ImageCheckError when the process ends first, or never gets there."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise ImageCheckError(f"serve ended with exit code {process.returncode}; its log is serve.log")
        with suppress(urllib.error.URLError, ConnectionError):
            ready()
            return
        time.sleep(0.2)
    raise ImageCheckError(f"serve did not answer /ping within {START_SECONDS} s; its log is serve.log")


def request(url: str, body: bytes | None = None) -> bytes:
    """GET, or POST a JSON body; returns the answer's."""
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 -- our own server
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=10) as answer:
        content: bytes = answer.read()
    return content


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
