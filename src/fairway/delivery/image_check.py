"""Builds the Dockerfile and runs the image for real, without a Docker engine: `make image-check`.

buildah builds it on a base of debootstrap's, in a chroot, as root; the image's own unprivileged user then prepares,
trains, evaluates and serves the example, and answers the golden requests that the evaluation recorded.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairway.delivery.pip_settings import pip_settings
from fairway.errors import ImageCheckError

BASE, IMAGE = "localhost/fairway-check-base", "localhost/fairway-check"
SUITE = "bookworm"
# Needs neither user namespaces nor a runtime of containers.
ISOLATION = ("--isolation", "chroot")
PACKAGES = "python3,python3-venv,ca-certificates"
UNWANTED = ("gcc", "cc", "g++", "clang", "ld", "make", "pip", "pip3")
GATE = {
    "thresholds": {"auc": {"min": 0.5}},
    "champion": {"metric": "auc", "goal": "maximize", "tolerance": 0.005},
}
START_SECONDS = 60

Raw = Callable[[Path], object]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Buildah:
    """buildah with storage of its own, so that nothing is left on the machine but the workspace."""

    storage: Path

    def command(self, *arguments: str) -> list[str]:
        """Return the whole command line."""
        places = ["--root", str(self.storage / "root"), "--runroot", str(self.storage / "run")]
        return ["buildah", *places, "--storage-driver", "vfs", *arguments]

    def __call__(self, *arguments: str, log: Path | None = None) -> str:
        """Run it to its end; returns what it printed, or leaves that in `log`."""
        return run(self.command(*arguments), log)


def check(checkout: Path, workspace: Path, write_raw: Raw, environ: Mapping[str, str], say: Say) -> None:
    """Build, inspect and run the image of `checkout`; ImageCheckError says what was found wanting.

    `write_raw` puts the example's raw data into a folder; what is slow to make (the base) is kept in `workspace`.
    """
    require_tools()
    workspace.mkdir(parents=True, exist_ok=True)
    buildah = Buildah(workspace / "storage")
    with timed(say, "base"):
        make_base(buildah, workspace)
    with timed(say, "build"):
        build(buildah, checkout, workspace, environ)
    config = json.loads(buildah("inspect", "--type", "image", IMAGE))["OCIv1"]["config"]
    check_config(config)
    container = buildah("from", IMAGE).strip()
    try:
        root = Path(buildah("mount", container).strip())
        check_files(root)
        check_user(buildah("run", *ISOLATION, container, "--", "id", "--user"))
        say(f"the image holds {size(root) // 2**20} MB; user {config['User']}; no compiler, pip or cache")
        runner = Runner(buildah, container, [*config["Entrypoint"]], workspace, config["User"])
        runner.tasks(write_raw, say)
    finally:
        # The base alone is worth its space: without layers shared (vfs), each build is a gigabyte.
        buildah("rm", container)
        buildah("rmi", IMAGE)
        buildah("rmi", "--prune")


def require_tools() -> None:
    """Raise ImageCheckError unless this is root on a machine with buildah and debootstrap."""
    if missing := [tool for tool in ("buildah", "debootstrap") if shutil.which(tool) is None]:
        raise ImageCheckError(f"{' and '.join(missing)} not found: `apt-get install buildah debootstrap` installs them")
    if os.geteuid() != 0:
        raise ImageCheckError("a chroot is needed, hence root: `sudo make image-check`")


def make_base(buildah: Buildah, workspace: Path) -> None:
    """Make the base image, unless an earlier run left it."""
    if BASE in buildah("images", "--format", "{{.Name}}").split():
        return
    with fresh(workspace / "base") as tree:
        include = ["--variant=minbase", f"--include={PACKAGES}"]
        run(["debootstrap", *include, SUITE, str(tree)], workspace / "debootstrap.log")
        container = buildah("from", "scratch").strip()
        buildah("add", "--quiet", container, str(tree), "/")
        buildah("commit", "--quiet", "--rm", container, BASE)


def build(buildah: Buildah, checkout: Path, workspace: Path, environ: Mapping[str, str]) -> None:
    """Build the Dockerfile; packages come from where this machine's pip takes them."""
    settings = pip_settings(environ)
    secret = workspace / "pip.conf"
    secret.write_text(settings.text)
    secret.chmod(0o600)
    volumes = [word for path in settings.paths for word in ("--volume", f"{path}:{path}:ro")]
    options = ["--build-arg", f"BASE_IMAGE={BASE}", "--secret", f"id=pip.conf,src={secret}", *volumes]
    try:
        buildah("bud", *ISOLATION, *options, "--tag", IMAGE, str(checkout), log=workspace / "build.log")
    finally:
        secret.unlink()


def check_config(config: Mapping[str, Any]) -> None:
    """Raise ImageCheckError unless the image starts our entry point as a user who is not root."""
    user = config.get("User", "")
    if user.partition(":")[0] in ("", "0", "root"):
        raise ImageCheckError(f"the image's user is {user or 'not set'}: an unprivileged one is expected")
    if config.get("Entrypoint") != ["python", "-m", "fairway.container"]:
        raise ImageCheckError(f"the image's entry point is {config.get('Entrypoint')}")


def check_user(printed: str) -> None:
    """Raise ImageCheckError unless `id --user`, run in the image, printed another number than root's."""
    if not printed.strip().isdigit() or int(printed) == 0:
        raise ImageCheckError(f"the image runs as user {printed.strip()!r}: an unprivileged one is expected")


def check_files(root: Path) -> None:
    """Raise ImageCheckError if anything is left of building: compilers, pip, caches, package settings."""
    programs = [
        root / folder / name for folder in ("usr/bin", "usr/local/bin", "opt/environment/bin") for name in UNWANTED
    ]
    traces = [root / "root/.cache", root / "etc/pip.conf", root / "opt/pip", root / "requirements.txt"]
    packages = [*(root / "opt/environment").rglob("site-packages/pip"), *(root / "opt/program").rglob("*.pyc")]
    if left := [path for path in (*programs, *traces, *packages) if os.path.lexists(path)]:
        raise ImageCheckError("left in the image: " + ", ".join(str(path.relative_to(root)) for path in left))


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
            "FAIRWAY_IMAGE": f"{IMAGE}@sha256:{'0' * 64}",
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


def run(command: Sequence[str], log: Path | None = None) -> str:
    """Run a command to its end; returns its output, or leaves it in `log`. ImageCheckError ends with its last lines."""
    if log is None:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        output = done.stdout.decode(errors="replace")
    else:
        with log.open("wb") as file:
            done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
        output = log.read_text(errors="replace")
    if done.returncode != 0:
        last = "\n".join(output.strip().splitlines()[-15:])
        raise ImageCheckError(f"{command[0]} ended with exit code {done.returncode} ({log or 'no log'}):\n{last}")
    return output


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


def size(root: Path) -> int:
    """Return the bytes of all files below `root`."""
    return sum(path.lstat().st_size for path in root.rglob("*") if not path.is_symlink() and path.is_file())


@contextmanager
def fresh(directory: Path) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def timed(say: Say, what: str) -> Iterator[None]:
    """Say how long it took."""
    began = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - began:.1f} s")
