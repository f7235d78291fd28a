"""The processing job that measures a candidate, measures the champion beside it, and decides."""

import json
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import model
from fairway.errors import ArtifactWithoutLineageError, ChampionError
from fairway.jobs.files import hash_files, require_input, sha256_of, unpack, write_json
from fairway.jobs.gate import decide, goals, parse_gate
from fairway.jobs.golden import golden_requests
from fairway.jobs.runner import reason_of
from fairway.jobs.tree import Tree

logger = logging.getLogger("fairway.jobs.evaluate")


def run(tree: Tree, environ: Mapping[str, str]) -> None:
    """From the inputs `model`, `data` and, optionally, `champion` to the output `evaluation`.

    There lie evaluation.json, golden.json and the model's own report. A refused candidate is a job that succeeded:
    the workflow reads the verdict and stops there.
    """
    gate = parse_gate(environ.get("FAIRWAY_GATE", ""))
    data, out = tree.processing_input("data"), tree.processing_output("evaluation")
    archive = tree.processing_input("model") / "model.tar.gz"
    require_input("data", data)
    require_input("model", archive.parent)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        artifact = unpack(archive, Path(directory))
        lineage = _lineage(artifact, archive)
        measured = model.evaluate(artifact, data, out)
        write_json(out / "golden.json", golden_requests(artifact, data / "test"))
    champion = _champion(tree.processing_input("champion") / "model.tar.gz", data)
    verdict = decide(gate, measured["metrics"], champion)
    evaluation = {
        "metrics": measured["metrics"],
        "slices": measured["slices"],
        "champion": None if champion is None else {"metrics": champion},
        "gate": {"passed": verdict.passed, "reasons": verdict.reasons, "goals": goals(gate)},
        "model_data_sha256": sha256_of(archive),
        "lineage": {**lineage, "data": hash_files(data)},
    }
    write_json(out / "evaluation.json", evaluation)
    logger.info("the gate %s: %s", "passed" if verdict.passed else "refused", " ".join(verdict.reasons))


def _lineage(artifact: Path, archive: Path) -> dict[str, Any]:
    path = artifact / "lineage.json"
    if not path.is_file():
        raise ArtifactWithoutLineageError(archive)
    lineage = json.loads(path.read_text(encoding="utf-8"))
    return {member: lineage[member] for member in ("git_sha", "image", "hyperparameters")}


def _champion(archive: Path, data: Path) -> dict[str, float] | None:
    # On the candidate's data, by the candidate's code: other numbers would not compare.
    if not archive.is_file():
        return None
    with tempfile.TemporaryDirectory() as directory:
        artifact, out = unpack(archive, Path(directory) / "artifact"), Path(directory) / "out"
        out.mkdir()
        try:
            metrics: dict[str, float] = model.evaluate(artifact, data, out)["metrics"]
        except Exception as error:
            raise ChampionError(reason_of(error)) from error
    return metrics
