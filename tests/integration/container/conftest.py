"""The container's tasks as processes, on a tree of their own, with the real model and the real data."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.integration.running import free_port

from fairway.jobs.tree import Tree
from model import write_raw

REPOSITORY = Path(__file__).parents[3]
ENVIRON = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(REPOSITORY / "src"),
    "PYTHONUNBUFFERED": "1",
    "FAIRWAY_GIT_SHA": "a" * 40,
    "FAIRWAY_IMAGE": f"flights@sha256:{'b' * 64}",
    "FAIRWAY_GATE": json.dumps(
        {
            "thresholds": {"auc": {"min": 0.6}},
            "champion": {"metric": "auc", "goal": "maximize", "tolerance": 0.005},
        }
    ),
}


@dataclass
class Container:
    """A container's tree and how its tasks are started."""

    tree: Tree
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, task: str, **environ: str) -> "subprocess.Popen[str]":
        everything = {**ENVIRON, "FAIRWAY_ML_ROOT": str(self.tree.root), **self.environ, **environ}
        command = [sys.executable, "-m", "fairway.container", task]
        return subprocess.Popen(command, env=everything, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, task: str, **environ: str) -> tuple[int, str]:
        process = self.start(task, **environ)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def give_training(self, data: Path, **hyperparameters: str) -> None:
        """Lay out what SageMaker gives to a training job."""
        config = {
            "hyperparameters": hyperparameters,
            "resourceconfig": {"current_host": "algo-1", "hosts": ["algo-1"]},
            "inputdataconfig": {name: {"TrainingInputMode": "File"} for name in ("train", "validation")},
        }
        self.tree.config.mkdir(parents=True)
        for name, content in config.items():
            (self.tree.config / f"{name}.json").write_text(json.dumps(content))
        for name in ("train", "validation"):
            shutil.copytree(data / name, self.tree.channels / name)

    @contextmanager
    def serving(self):
        """Serve until the end of the block; gives the process and its address."""
        port = free_port()
        place = {"FAIRWAY_BIND_ADDRESS": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port), "FAIRWAY_RELEASE": "7"}
        process, url = self.start("serve", **place), f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(process, url)
            yield process, url
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=10)


def wait_until_ready(process, url):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"serve ended: {process.stdout.read()}")
        try:
            urllib.request.urlopen(f"{url}/ping", timeout=5).close()  # noqa: S310 -- our own
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    pytest.fail("serve did not answer /ping within 60 s")


@pytest.fixture(scope="session")
def raw(tmp_path_factory):
    """The example's raw files."""
    folder = tmp_path_factory.mktemp("raw")
    write_raw(folder)
    return folder


@pytest.fixture
def container(tmp_path):
    """An empty tree."""
    return Container(Tree(tmp_path))


@pytest.fixture(scope="session")
def prepared(raw, tmp_path_factory):
    """What a preparation left."""
    container = Container(Tree(tmp_path_factory.mktemp("prepare")))
    shutil.copytree(raw, container.tree.processing_input("raw"))
    code, output = container.run("prepare")
    assert code == 0, output
    return container.tree


@pytest.fixture(scope="session")
def trained(prepared, tmp_path_factory):
    """What a short training left."""
    container = Container(Tree(tmp_path_factory.mktemp("train")))
    container.give_training(prepared.processing_output("data"), num_boost_round="20")
    code, output = container.run("train")
    assert code == 0, output
    return container.tree


@pytest.fixture(scope="session")
def evaluated(prepared, trained, tmp_path_factory):
    """What an evaluation of that training left, the same model being the champion."""
    container = Container(Tree(tmp_path_factory.mktemp("evaluate")))
    for name in ("model", "champion"):
        container.tree.processing_input(name).mkdir(parents=True)
        with tarfile.open(container.tree.processing_input(name) / "model.tar.gz", "w:gz") as tar:
            tar.add(trained.model, ".")
    shutil.copytree(prepared.processing_output("data"), container.tree.processing_input("data"))
    code, output = container.run("evaluate")
    assert code == 0, output
    return container.tree
