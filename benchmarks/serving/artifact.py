"""The model that every contestant serves: made from real data by the image's own jobs, and kept in build/."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from fairway.jobs.tree import Tree
from model import write_raw

REPOSITORY = Path(__file__).parents[2]
BUILD = REPOSITORY / "build/bench"
SOURCES = ("src/model", "src/fairway/jobs", "src/fairway/serving/quality.py")


def trained() -> Tree:
    """Return the tree of a container that serves the example model; made once for each state of its sources."""
    root = BUILD / f"artifact-{_state()}"
    tree = Tree(root / "container")
    if not tree.model.exists():
        shutil.rmtree(root, ignore_errors=True)
        prepared = _prepare(Tree(root / "preparation"))
        _train(Tree(root / "making"), prepared)
        (root / "making").rename(tree.root)
    return tree


def test_month(tree: Tree) -> Path:
    """Return the split that no training saw, of the tree that trained() returned."""
    return Tree(tree.root.parent / "preparation").processing_output("data") / "test"


def environment(tree: Tree, **more: str) -> dict[str, str]:
    """Return what the image's entry point is started with."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY / "src"),
        "PYTHONUNBUFFERED": "1",
        "FAIRWAY_GIT_SHA": "0" * 40,
        "FAIRWAY_IMAGE": f"benchmark@sha256:{'0' * 64}",
        "FAIRWAY_ML_ROOT": str(tree.root),
        **more,
    }


def entry_point(task: str) -> list[str]:
    """Return the command of the image's entry point."""
    return [sys.executable, "-m", "fairway.container", task]


def _state() -> str:
    digest = hashlib.sha256()
    for source in SOURCES:
        path = REPOSITORY / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _prepare(tree: Tree) -> Path:
    raw = tree.processing_input("raw")
    raw.mkdir(parents=True)
    write_raw(raw)
    _run(tree, "prepare")
    return tree.processing_output("data")


def _train(tree: Tree, data: Path) -> None:
    config = {
        "hyperparameters": {},
        "resourceconfig": {"current_host": "algo-1", "hosts": ["algo-1"]},
        "inputdataconfig": {name: {"TrainingInputMode": "File"} for name in ("train", "validation")},
    }
    tree.config.mkdir(parents=True)
    for name, content in config.items():
        (tree.config / f"{name}.json").write_text(json.dumps(content))
    for channel in ("train", "validation"):
        shutil.copytree(data / channel, tree.channels / channel)
    _run(tree, "train")


def _run(tree: Tree, task: str) -> None:
    done = subprocess.run(entry_point(task), env=environment(tree), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the job {task} failed:\n{done.stdout}{done.stderr}")
