"""The training job."""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import model
from fairway.jobs.baseline import quality_baseline
from fairway.jobs.files import hash_files, require_input, unpack, write_json
from fairway.jobs.settings import read_origin, read_training
from fairway.jobs.tree import Tree
from fairway.serving import quality

logger = logging.getLogger("fairway.jobs.train")


def run(tree: Tree, environ: Mapping[str, str]) -> None:
    """From the channels `train`, `validation` and, optionally, `warm_start` to artifact and report.

    To the model's own files the artifact adds what serving compares its predictions with, and its lineage.
    """
    origin, settings = read_origin(environ), read_training(tree.config)
    for channel in ("train", "validation"):
        require_input(channel, tree.channels / channel)
    tree.model.mkdir(parents=True, exist_ok=True)
    with _warm_start(tree, settings.channels) as warm_start:
        report = model.train(tree.channels, tree.model, settings.hyperparameters, warm_start)
    write_json(tree.output_data / "report.json", report)
    write_json(tree.model / quality.FILE, quality_baseline(tree.model, tree.channels).to_json())
    lineage = {
        "git_sha": origin.git_sha,
        "image": origin.image,
        "hyperparameters": settings.hyperparameters,
        "data": hash_files(tree.channels),
    }
    write_json(tree.model / "lineage.json", lineage)
    logger.info("trained; the artifact holds %s", ", ".join(sorted(hash_files(tree.model))))


@contextmanager
def _warm_start(tree: Tree, channels: tuple[str, ...]) -> Iterator[Path | None]:
    if "warm_start" not in channels:
        yield None
        return
    with tempfile.TemporaryDirectory() as directory:
        yield unpack(tree.channels / "warm_start" / "model.tar.gz", Path(directory))
