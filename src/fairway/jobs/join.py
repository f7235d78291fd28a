"""The processing job that joins what several hosts have prepared: one lineage, one report."""

import json
import logging
from collections.abc import Mapping

import model
from fairway.errors import ShardMissingError
from fairway.jobs.files import require_output, write_json
from fairway.jobs.prepare import COUNTED, LINEAGE, move_files
from fairway.jobs.settings import read_files
from fairway.jobs.tree import Tree

logger = logging.getLogger("fairway.jobs.join")


def run(tree: Tree, environ: Mapping[str, str]) -> None:
    """From the input `shards` to lineage.json in the output `data` and the output `report`, as one host writes them."""
    shards, data = tree.processing_input("shards"), tree.processing_output("data")
    lineages = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((shards / LINEAGE).glob("*.json"))]
    if not lineages:
        raise ShardMissingError(shards / LINEAGE)
    data.mkdir(parents=True, exist_ok=True)
    model.join(shards / COUNTED, data, read_files(environ))
    require_output("join", data / "report")
    move_files(data / "report", tree.processing_output("report"))
    hashes = {name: digest for lineage in lineages for name, digest in lineage["data"].items()}
    write_json(data / "lineage.json", {**lineages[0], "data": hashes})
    logger.info("joined the shares of %d hosts, %d raw files", len(lineages), len(hashes))
