"""Where a training stands, kept so that another process goes on from there; each file says what it belongs to."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.storage import whole

logger = logging.getLogger(__name__)

# Two places in turn, so that S3, which SageMaker copies new files to and deletes nothing from, holds two as well.
_PLACES = ("even.checkpoint", "odd.checkpoint")
_FORMAT = 1

Curve = dict[str, list[float]]


class OtherConfigurationError(ValueError):
    """The checkpoints belong to another training; the message says what differs."""

    def __init__(self, file: Path, differing: Sequence[str]) -> None:
        super().__init__(
            f"the checkpoint {file.name} in {file.parent} is of another training: its {', '.join(differing)} "
            f"{'differs' if len(differing) == 1 else 'differ'}. Give this training a place of its own for checkpoints, "
            "or empty this one"
        )


@dataclass(frozen=True)
class State:
    """A training after some rounds: its trees and how it went so far."""

    rounds: int = 0
    best_round: int = -1
    best_loss: float = float("inf")
    curve: Curve = field(default_factory=lambda: {"train": [], "validation": []})
    trees: bytes = b""

    def after(self, train_loss: float, validation_loss: float, offset: int) -> "State":
        """Return the state after one more round, which is called `offset` + `rounds` where it is the best one."""
        curve = {
            "train": [*self.curve["train"], train_loss],
            "validation": [*self.curve["validation"], validation_loss],
        }
        better = validation_loss < self.best_loss
        best = (offset + self.rounds, validation_loss) if better else (self.best_round, self.best_loss)
        return State(self.rounds + 1, *best, curve, self.trees)


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one training in a folder; `configuration` is what a training must share to go on from them."""

    folder: Path
    configuration: Mapping[str, str]
    every: int

    def due(self, rounds: int) -> bool:
        """Tell whether the state after so many rounds is to be kept."""
        return rounds % self.every == 0

    def save(self, state: State) -> None:
        """Keep a state: whoever looks meanwhile, or after a crash, finds this one whole or the one before."""
        body = json.dumps({"best_round": state.best_round, "best_loss": state.best_loss, "curve": state.curve})
        content = body.encode() + b"\n" + state.trees
        header = {
            "format": _FORMAT,
            "configuration": dict(self.configuration),
            "rounds": state.rounds,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        with whole(self.folder / _PLACES[state.rounds // self.every % 2]) as path:
            path.write_bytes(json.dumps(header).encode() + b"\n" + content)

    def load(self) -> State:
        """Return the newest state, or that of round 0; a damaged file is passed over, with a line in the log.

        Raises OtherConfigurationError for a checkpoint of another training.
        """
        states = [self._read(self.folder / place) for place in _PLACES if (self.folder / place).is_file()]
        return max(states, key=lambda state: state.rounds, default=State())

    def _read(self, file: Path) -> State:
        header_line, _, content = file.read_bytes().partition(b"\n")
        header = _header(header_line)
        if header.get("sha256") != hashlib.sha256(content).hexdigest():
            logger.warning("the checkpoint %s is damaged and is passed over", file)
            return State()
        if differing := sorted(
            name for name, value in self.configuration.items() if header["configuration"].get(name) != value
        ):
            raise OtherConfigurationError(file, differing)
        body, _, trees = content.partition(b"\n")
        told = json.loads(body)
        return State(header["rounds"], told["best_round"], told["best_loss"], told["curve"], trees)


def digest(value: object) -> str:
    """Return the SHA-256 of what JSON says of a value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def sha256_of(file: Path) -> str:
    """Return a file's SHA-256."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _header(line: bytes) -> dict[str, Any]:
    try:
        header: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return header if isinstance(header, dict) and header.get("format") == _FORMAT else {}
