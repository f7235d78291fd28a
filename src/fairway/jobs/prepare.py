"""The processing job that makes typed, split data out of raw files: on one instance, or on each of several."""

import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import model
from fairway.errors import NotShardableError, ShardEmptyError
from fairway.jobs.files import hash_files, require_input, require_output, write_json
from fairway.jobs.settings import Hosts, read_files, read_hosts, read_origin, read_parameters
from fairway.jobs.tree import Tree

logger = logging.getLogger("fairway.jobs.prepare")

# Below the output `report`: what each of several hosts leaves for the job `join`.
SHARDS, LINEAGE, COUNTED = "shards", "lineage", "counted"


def run(tree: Tree, environ: Mapping[str, str]) -> None:
    """From the input `raw` to the outputs `data` (the splits and lineage.json) and `report`.

    On one of several hosts, `raw` holds this host's share of the files, and what is joined later lies in `report`.
    """
    origin, parameters = read_origin(environ), read_parameters(environ)
    hosts = read_hosts(tree.processing_config)
    raw, data = tree.processing_input("raw"), tree.processing_output("data")
    require_input("raw", raw)
    data.mkdir(parents=True, exist_ok=True)
    lineage = {"git_sha": origin.git_sha, "image": origin.image, "parameters": parameters}
    if len(hosts.names) > 1:
        hashes = _prepare_shard(tree, hosts, read_files(environ), parameters)
        where = tree.processing_output("report") / SHARDS / LINEAGE
        write_json(where / f"{hosts.current}.json", {**lineage, "data": hashes})
        return
    model.prepare(raw, data, parameters)
    for folder in ("train", "validation", "test", "report"):
        require_output("prepare", data / folder)
    move_files(data / "report", tree.processing_output("report"))
    hashes = hash_files(raw)
    write_json(data / "lineage.json", {**lineage, "data": hashes})
    logger.info("prepared %d raw files", len(hashes))


def _prepare_shard(tree: Tree, hosts: Hosts, files: Sequence[str], parameters: Mapping[str, str]) -> dict[str, str]:
    if not (hasattr(model, "prepare_shard") and hasattr(model, "join")):
        raise NotShardableError(len(hosts.names))
    data, shards = tree.processing_output("data"), tree.processing_output("report") / SHARDS
    with tempfile.TemporaryDirectory() as directory:
        raw = _gathered(tree.processing_input("raw"), Path(directory))
        if not any((raw / name).is_file() for name in files):
            raise ShardEmptyError(hosts.current, len(hosts.names), len(files))
        model.prepare_shard(raw, data, parameters, files)
        require_output("prepare_shard", data / COUNTED)
        shards.mkdir(parents=True, exist_ok=True)
        shutil.move(data / COUNTED, shards / COUNTED)
        logger.info("%s of %d hosts has prepared its share", hosts.current, len(hosts.names))
        return hash_files(raw)


def _gathered(parts: Path, into: Path) -> Path:
    # Each part of the raw files is an input of its own, in a folder of its name, a single file's too.
    for file in sorted(path for path in parts.rglob("*") if path.is_file()):
        name = file.relative_to(parts)
        name = name.parent if name.parent.name == name.name else name
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).symlink_to(file)
    return into


def move_files(source: Path, target: Path) -> None:
    """Move what lies in a folder of a model's into an output."""
    # File by file: the output's folder exists already, and may be a volume of its own.
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        shutil.move(path, target / path.name)
    source.rmdir()
