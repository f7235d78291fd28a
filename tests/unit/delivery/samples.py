"""Releases, evaluations and repositories that the tests of promotion are made of."""

import json
import subprocess
from pathlib import Path
from typing import Any

from fairway.delivery import releases
from fairway.delivery.promotion import release_file
from fairway.delivery.releases import Release, ReleaseFile

ORDER = ["dev", "staging", "prod"]
EMPTY = ReleaseFile(current=None, previous=None)


def told(version: str = "7", **changes: Any) -> dict[str, Any]:
    """Return a release as release.json holds it."""
    return {
        "version": version,
        "model_package_arn": f"arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/{version}",
        "model_data_url": f"s3://flights-artifacts/runs/r{version}/model/t/output/model.tar.gz",
        "model_data_sha256": "a" * 64,
        "image": f"111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@sha256:{'a' * 64}",
        "git_sha": "b" * 40,
        "metrics": {"auc": 0.71},
    } | changes


def release(version: str = "7", **changes: Any) -> Release:
    return Release(**told(version, **changes))


def file(current: str | None = None, previous: str | None = None) -> ReleaseFile:
    """Return the release file of two versions."""
    return ReleaseFile(current=release(current) if current else None, previous=release(previous) if previous else None)


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    answer = subprocess.run(
        ["git", *identity, *arguments], cwd=directory, capture_output=True, text=True, check=True, env=None
    )
    return answer.stdout.strip()


def write_releases(checkout: Path, files: dict[str, ReleaseFile]) -> None:
    for name, content in files.items():
        path = checkout / release_file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "main.tf").touch()
        releases.write(path, content)


def commit(checkout: Path, message: str) -> str:
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(checkout, "rev-parse", "HEAD")


def make_project(parent: Path, files: dict[str, ReleaseFile], name: str = "checkout") -> Path:
    """Make a bare repository `origin.git`, and a checkout of it whose main branch holds these release files."""
    parent.mkdir(parents=True, exist_ok=True)
    git(parent, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git(parent, "init", "--quiet", "--initial-branch=main", name)
    checkout = parent / name
    git(checkout, "remote", "add", "origin", "../origin.git")
    accounts = dict.fromkeys(["delivery", *files], "111111111111")
    project = {"project": "flights", "region": "us-east-1", "repository": "example/flights", "accounts": accounts}
    (checkout / "project.json").write_text(json.dumps(project))
    write_releases(checkout, files)
    commit(checkout, "The project")
    git(checkout, "push", "--quiet", "origin", "main")
    return checkout


def evaluation(*, auc: float = 0.71, slices: Any = None, test: str = "c", **changes: Any) -> dict[str, Any]:
    """Return an evaluation.json."""
    return {
        "metrics": {"auc": auc, "log_loss": 0.52, "rows": 24_103.0},
        "slices": slices or {"origin": {"JFK": {"auc": 0.7, "rows": 9000.0}, "LGA": {"auc": 0.69, "rows": 8000.0}}},
        "champion": None,
        "gate": {"passed": True, "reasons": [], "goals": {"auc": "maximize", "log_loss": "minimize"}},
        "model_data_sha256": "a" * 64,
        "lineage": {
            "git_sha": "b" * 40,
            "image": "flights@sha256:1",
            "data": {"train/2013-01.parquet": "d" * 64, "test/2013-08.parquet": test * 64},
            "hyperparameters": {"max_depth": "6"},
        },
    } | changes
