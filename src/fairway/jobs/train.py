"""The training job."""

import inspect
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import model
from fairway.errors import ModelOnOneHostError
from fairway.jobs.baseline import quality_baseline, seen_in
from fairway.jobs.files import hash_files, require_input, unpack, write_json
from fairway.jobs.script_code import write_code
from fairway.jobs.settings import TrainingSettings, read_origin, read_training
from fairway.jobs.tree import Tree
from fairway.serving import quality
from fairway.serving.seen import Seen

logger = logging.getLogger("fairway.jobs.train")


def run(tree: Tree, environ: Mapping[str, str]) -> None:
    """From the channels `train`, `validation` and, optionally, `warm_start` to artifact and report.

    To the model's own files the artifact adds what serving compares its predictions with, its lineage, and the code
    that a managed framework image runs. Of several hosts, each of which has its shard, the one that leads writes.
    """
    origin, settings = read_origin(environ), read_training(tree.config)
    for channel in ("train", "validation"):
        require_input(channel, tree.channels / channel)
    tree.model.mkdir(parents=True, exist_ok=True)
    with _met(settings) as cluster, _warm_start(tree, settings.channels) as warm_start:
        more = {} if cluster is None else {"cluster": cluster}
        if tree.checkpoints.is_dir() and "checkpoints" in inspect.signature(model.train).parameters:
            # The trainings of a search have one place in S3 between them.
            mine = environ.get("TRAINING_JOB_NAME", "") if settings.searching else ""
            more["checkpoints"] = tree.checkpoints / mine
        report = model.train(tree.channels, tree.model, settings.hyperparameters, warm_start, **more)
        data, seen = _shards(tree, cluster)
    if cluster is not None and not cluster.leads:
        logger.info("trained; %s writes the artifact", cluster.hosts[0])
        return
    write_json(tree.output_data / "report.json", report)
    write_json(tree.model / quality.FILE, quality_baseline(tree.model, tree.channels, seen).to_json())
    lineage = {
        "git_sha": origin.git_sha,
        "image": origin.image,
        "hyperparameters": settings.hyperparameters,
        "data": data,
    }
    write_json(tree.model / "lineage.json", lineage)
    write_code(tree.model)
    logger.info("trained; the artifact holds %s", ", ".join(sorted(path.name for path in tree.model.iterdir())))


@contextmanager
def _met(settings: TrainingSettings) -> Iterator[Any]:
    if len(settings.hosts) == 1:
        yield None
        return
    meet = getattr(model, "meet", None)
    if meet is None:
        raise ModelOnOneHostError(len(settings.hosts))
    with meet(settings.hosts, settings.host) as cluster:
        yield cluster


def _shards(tree: Tree, cluster: Any) -> tuple[dict[str, str], list[dict[str, Seen]]]:
    """Return the hash of every file of all hosts, and what the columns of the other hosts hold."""
    hashed = hash_files(tree.channels)
    if cluster is None:
        return hashed, []
    data: dict[str, str] = {}
    for shard in cluster.gather(hashed):
        data |= shard
    columns = model.Predictor.schema.columns
    return dict(sorted(data.items())), cluster.gather(seen_in(tree.channels / "train", columns))


@contextmanager
def _warm_start(tree: Tree, channels: tuple[str, ...]) -> Iterator[Path | None]:
    if "warm_start" not in channels:
        yield None
        return
    with tempfile.TemporaryDirectory() as directory:
        yield unpack(tree.channels / "warm_start" / "model.tar.gz", Path(directory))
