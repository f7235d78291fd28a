"""One host of a training, as a process: `python -m tests.integration.cluster.hosts <order as JSON>`."""

import json
import os
import sys
from pathlib import Path

from model import meet, progress, rounds, train


def main(order: dict[str, str]) -> None:
    """Join and train as the order says; die as SIGKILL ends it in the round `dies`."""
    dies = int(order.get("dies", 0))

    def say(event: str, **values: object) -> None:
        if event == "round" and values["round"] == dies:
            if order.get("raises"):
                raise ValueError("it raised")
            os._exit(9)
        progress.say(event, **values)

    rounds.say = say  # type: ignore[attr-defined] # the test's own
    with meet(json.loads(order["hosts"]), order["host"], float(order["seconds"])) as cluster:
        train(
            Path(order["data"]),
            Path(order["out"]),
            json.loads(order["hyperparameters"]),
            cluster=cluster,
            checkpoints=Path(order["checkpoints"]),
        )


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except ValueError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(1)
