"""The coverage-guided run, in an environment that has atheris. Usage: python -m tests.fuzz.guided MODEL libFuzzer's…"""

import logging
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fairway.serving", "model"]):
    from tests.fuzz import application

from tests.fuzz.mutation import Mutator
from tests.fuzz.requests import Request
from tests.fuzz.seeds import seeds

SEEDS = seeds()


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Mutate as a request; now and then as bytes, as libFuzzer does."""
    if seed % 5 == 0:
        return bytes(atheris.Mutate(data, max_size))
    mutator = Mutator(seed, SEEDS)
    # libFuzzer begins with nothing.
    request = mutator.mutated(Request.from_bytes(data)) if len(data) > 8 else mutator.request()
    return request.to_bytes()[:max_size]


def main() -> None:
    """Fuzz until the runs that were asked for are done; an answer that is wrong ends it, and is kept."""
    logging.disable(logging.CRITICAL)
    app = application.load(Path(sys.argv.pop(1)))

    def one(data: bytes) -> None:
        application.ask(app, Request.from_bytes(data))

    atheris.Setup(sys.argv, one, custom_mutator=mutate)
    atheris.Fuzz()


main()
