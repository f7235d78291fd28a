"""The processing job that makes typed, split data out of raw files."""

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

import model
from fairway.jobs.files import hash_files, require_input, require_output, write_json
from fairway.jobs.settings import read_origin, read_parameters
from fairway.jobs.tree import Tree

logger = logging.getLogger("fairway.jobs.prepare")


def run(tree: Tree, environ: Mapping[str, str]) -> None:
    """From the input `raw` to the outputs `data` (the splits and lineage.json) and `report`."""
    origin, parameters = read_origin(environ), read_parameters(environ)
    raw, data = tree.processing_input("raw"), tree.processing_output("data")
    require_input("raw", raw)
    data.mkdir(parents=True, exist_ok=True)
    model.prepare(raw, data, parameters)
    for folder in ("train", "validation", "test", "report"):
        require_output("prepare", data / folder)
    _move_files(data / "report", tree.processing_output("report"))
    lineage = {"git_sha": origin.git_sha, "image": origin.image, "parameters": parameters, "data": hash_files(raw)}
    write_json(data / "lineage.json", lineage)
    logger.info("prepared %d raw files", len(lineage["data"]))


def _move_files(source: Path, target: Path) -> None:
    # File by file: the output's folder exists already, and may be a volume of its own.
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        shutil.move(path, target / path.name)
    source.rmdir()
