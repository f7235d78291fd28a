"""A model package that keeps the contract in the fewest lines, and a tree to run it on."""

import json
import tarfile
from pathlib import Path

from fairway.jobs.tree import Tree

ENVIRON = {"FAIRWAY_GIT_SHA": "a" * 40, "FAIRWAY_IMAGE": f"flights@sha256:{'b' * 64}"}
GATE = json.dumps(
    {
        "thresholds": {"auc": {"min": 0.6}},
        "champion": {"metric": "auc", "goal": "maximize", "tolerance": 0.005},
    }
)


class FakeModel:
    """Copies what it reads, so that a test sees what it was given."""

    def __init__(self):
        self.warm_start = None

    def prepare(self, raw, out, parameters):
        assert raw.is_dir()
        for split in ("train", "validation", "test", "report"):
            write(out / split / "part.txt", f"{split} {parameters.get('seed', '')}")
        return {}

    def prepare_shard(self, raw, out, parameters, files):
        for name in files:
            if (raw / name).exists():
                write(out / "train" / name.replace("/", "-"), (raw / name).read_text() + parameters.get("seed", ""))
                write(out / "counted" / f"{name}.json", "1")
        assert (raw / "planes.txt").read_text() == "planes"

    def join(self, counted, out, files):
        found = sorted(path.relative_to(counted).as_posix() for path in counted.rglob("*.json"))
        assert found == [f"{name}.json" for name in files]
        write(out / "report" / "part.txt", str(len(files)))
        return {}

    def train(self, data, out, hyperparameters, warm_start=None):
        assert (data / "train").is_dir()
        self.warm_start = warm_start and (warm_start / "weights").read_text()
        write(out / "weights", hyperparameters["auc"])
        return {"auc": float(hyperparameters["auc"])}

    def evaluate(self, artifact, data, out):
        assert (data / "test").is_dir()
        write(out / "report.json", "{}")
        return {
            "metrics": {"auc": float((artifact / "weights").read_text())},
            "slices": {"origin": {"JFK": {"auc": 0.5}}},
        }


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def training_tree(root: Path, *, auc: str = "0.7", channels: tuple[str, ...] = ("train", "validation")) -> Tree:
    tree = Tree(root)
    write(tree.config / "hyperparameters.json", json.dumps({"auc": auc}))
    write(tree.config / "resourceconfig.json", json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))
    write(tree.config / "inputdataconfig.json", json.dumps({name: {"TrainingInputMode": "File"} for name in channels}))
    for name in channels:
        write(tree.channels / name / "part.txt", name)
    return tree


def shard_tree(root: Path, host: str, hosts: tuple[str, ...], files: tuple[str, ...]) -> Tree:
    """Give a host some of the flights, and of the rest what each has: every part in a folder of its own."""
    tree = Tree(root)
    write(tree.processing_config / "resourceconfig.json", json.dumps({"current_host": host, "hosts": hosts}))
    for name in files:
        write(tree.processing_input("raw") / name, name)
    write(tree.processing_input("raw") / "planes.txt" / "planes.txt", "planes")
    return tree


def archive(path: Path, files: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            tar.add(write(path.parent.parent / "loose" / name, text), name)
    return path


def evaluation_tree(root: Path, *, candidate: str = "0.7", champion: str | None = None) -> Tree:
    tree = Tree(root)
    lineage = {"git_sha": "c" * 40, "image": "trained@sha256:1", "hyperparameters": {"auc": candidate}, "data": {}}
    files = {"weights": candidate, "lineage.json": json.dumps(lineage)}
    archive(tree.processing_input("model") / "model.tar.gz", files)
    write(tree.processing_input("data") / "test" / "part.txt", "test")
    if champion is not None:
        archive(tree.processing_input("champion") / "model.tar.gz", {"weights": champion})
    return tree
