"""What training leaves and serving loads: the trees, the fitted encoding, the threshold."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.boosting import xgb
from model.encoding import FEATURES, Encoder, Features
from model.metrics import Probabilities
from model.schema import Columns
from model.small_batches import FEW_ROWS, SmallBatches
from model.small_batches import FILE as ONNX

_TREES = "model.ubj"
_MANIFEST = "model.json"
_TRAINING = "training.json"
_FORMAT = 1


@dataclass(frozen=True)
class Artifact:
    """A trained model: model.ubj and model.json of a directory; training.json there is its training report."""

    booster: xgb.Booster
    encoder: Encoder
    threshold: float
    hyperparameters: dict[str, int | float]
    small: SmallBatches | None = None

    def probability(self, columns: Columns) -> Probabilities:
        """Return the probability that each flight arrives late."""
        return self.score(self.encoder.encode(columns))

    def score(self, features: Features) -> Probabilities:
        """Return the probability for each row of encoded features."""
        if not len(features):
            return np.empty(0)
        if self.small is not None and len(features) <= FEW_ROWS:
            return self.small.score(features)
        # In place: no DMatrix is built, which costs more than the trees for a few rows.
        return np.asarray(self.booster.inplace_predict(features, validate_features=False), dtype=np.float64)

    def score_row(self, features: list[float]) -> float:
        """Return the probability for one row of encoded features, which need not be float32 yet."""
        if self.small is not None:
            return self.small.score_row(features)
        return float(self.score(np.array([features], np.float32))[0])

    def explain(self, features: Features) -> tuple[list[float], list[list[float]]]:
        """Return the margin for each row, and what each feature and the bias contributed to it."""
        matrix = xgb.DMatrix(features, feature_names=list(FEATURES), nthread=1)
        margins = self.booster.predict(matrix, output_margin=True)
        return margins.tolist(), self.booster.predict(matrix, pred_contribs=True).tolist()

    def save(self, directory: Path, report: dict[str, Any], onnx: bytes | None = None) -> None:
        """Write the artifact and its training report; the same training gives the same bytes.

        `onnx` is the same trees for SmallBatches, where they agree.
        """
        directory.mkdir(parents=True, exist_ok=True)
        if onnx is not None:
            (directory / ONNX).write_bytes(onnx)
        (directory / _TREES).write_bytes(bytes(self.booster.save_raw("ubj")))
        manifest = {
            "format": _FORMAT,
            "features": list(FEATURES),
            "encoder": self.encoder.to_json(),
            "threshold": self.threshold,
            "hyperparameters": self.hyperparameters,
        }
        write_json(directory / _MANIFEST, manifest)
        write_json(directory / _TRAINING, report)

    @classmethod
    def load(cls, directory: Path, threads: int) -> "Artifact":
        """Read an artifact; raises ValueError where it is not one, or one of a different code."""
        for name in (_TREES, _MANIFEST):
            if not (directory / name).is_file():
                raise ValueError(f"no file {name}: {directory} was expected to hold an artifact of this model")
        try:
            manifest = json.loads((directory / _MANIFEST).read_text())
            booster = xgb.Booster({"nthread": threads})
            booster.load_model(bytearray((directory / _TREES).read_bytes()))
        except (json.JSONDecodeError, xgb.core.XGBoostError) as error:
            raise ValueError(f"the artifact in {directory} is damaged: {error}") from error
        if manifest.get("format") != _FORMAT or manifest.get("features") != list(FEATURES):
            raise ValueError(f"{_MANIFEST} is of another version of this model: its features differ, train anew")
        encoder = Encoder.from_json(manifest["encoder"])
        small = SmallBatches.load(directory)
        return cls(booster, encoder, manifest["threshold"], manifest["hyperparameters"], small)


def training_report(directory: Path) -> dict[str, Any]:
    """Return what `train` reported of the artifact in a directory."""
    content: dict[str, Any] = json.loads((directory / _TRAINING).read_text())
    return content


def write_json(file: Path, content: object) -> None:
    """Write JSON that is the same bytes for the same content."""
    file.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
