"""The example model as a peer's author would hold it: pandas reads, XGBoost predicts, the project's own code encodes.

Nothing is validated, which saves the peers work that the project's container does.
"""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

from model.encoding import Encoder
from model.flights import SCHEMA

COLUMNS = [column.name for column in SCHEMA.columns]
STRINGS = frozenset(column.name for column in SCHEMA.columns if column.type == "string")


class Flights:
    """A loaded model; the number of its threads is OMP_NUM_THREADS, or what XGBoost takes where that is not set."""

    def __init__(self, directory: Path) -> None:
        threads = {"nthread": int(os.environ["OMP_NUM_THREADS"])} if "OMP_NUM_THREADS" in os.environ else {}
        manifest = json.loads((directory / "model.json").read_text())
        self._encoder = Encoder.from_json(manifest["encoder"])
        self._threshold = manifest["threshold"]
        self._booster = xgb.Booster(threads)
        self._booster.load_model(directory / "model.ubj")

    def predict(self, frame: pd.DataFrame) -> list[dict[str, object]]:
        """Return one answer a row."""
        columns = {name: frame[name].to_numpy(dtype=object if name in STRINGS else np.float64) for name in COLUMNS}
        features = self._encoder.encode(columns)
        # As XGBoost's documentation, MLflow's flavor and SageMaker's own container do.
        chances = self._booster.predict(xgb.DMatrix(features, feature_names=self._booster.feature_names)).tolist()
        return [{"probability": chance, "late": chance >= self._threshold} for chance in chances]
