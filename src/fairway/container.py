"""The image's entry point: `python -m fairway.container train|serve|prepare|join|evaluate`.

SageMaker starts a training job as `train` and an endpoint's container as `serve`; a processing job gives `prepare`,
`join` or `evaluate` as its ContainerArguments.
"""

import logging.config
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from os import environ as process_environ
from pathlib import Path

from fairway.errors import ContainerUsageError
from fairway.jobs.runner import run_job
from fairway.jobs.tree import Tree
from fairway.serving.logs import CONFIG

JOBS = ("train", "prepare", "join", "evaluate")


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the one task that is named; returns the process's exit code."""
    tree = Tree(Path(environ.get("FAIRWAY_ML_ROOT", "/opt/ml")))
    match arguments:
        case ["serve"]:
            # Imported when it is asked for: a job has no use for the HTTP server.
            return int(import_module("fairway.serving.serve").serve(tree.model, environ))
        case ["train"]:
            return run_job(lambda: _job("train", tree, environ), tree.failure)
        case ["prepare" | "join" | "evaluate" as name]:
            return run_job(lambda: _job(name, tree, environ), tree.message)
    error = ContainerUsageError(list(arguments), [*JOBS, "serve"])
    sys.stderr.write(f"{error}\n")
    return error.exit_code


def _job(name: str, tree: Tree, environ: Mapping[str, str]) -> None:
    # Inside the job, because importing the fork's model may fail: that too is a reason to report.
    import_module(f"fairway.jobs.{name}").run(tree, environ)


if __name__ == "__main__":
    logging.config.dictConfig(CONFIG)
    sys.exit(main(sys.argv[1:], process_environ))
