"""What serving asks: typed columns in, one answer a row out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from model.artifact import Artifact
from model.encoding import FEATURES, Features
from model.flights import SCHEMA, between_columns, check
from model.schema import Schema


class Predictor:
    """A loaded artifact that answers batches."""

    schema: Schema = SCHEMA

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact

    @classmethod
    def load(cls, directory: Path) -> "Predictor":
        """Load an artifact; raises ValueError where the directory holds none of this model."""
        # One thread: serving runs a process for each core, and a few rows are done before a second thread wakes up.
        return cls(Artifact.load(directory, threads=1))

    def predict(self, batch: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
        """Answer {"probability", "late"} for each row of columns by name; raises InputError for the caller's fault."""
        row = _only_row(batch, self.schema.names)
        answer = None if row is None else self.predict_row(row)
        return self._answers(self._features(batch)) if answer is None else [answer]

    def predict_row(self, values: Sequence[object]) -> dict[str, object] | None:
        """Answer one row of all columns in their order, without the arrays that many rows are worth.

        None for a row that `predict` has to look at; raises InputError as it does.
        """
        flight = self.schema.parse_row(values)
        if not all(holds for _, holds, _ in between_columns(flight)):
            return None
        chance = self._artifact.score_row(self._artifact.encoder.encode_flight(flight))
        return {"probability": chance, "late": chance >= self._artifact.threshold}

    def explain(self, batch: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
        """Answer as `predict`, with the margin (log of the odds) and what each feature contributed to it (TreeSHAP)."""
        features = self._features(batch)
        answers = self._answers(features)
        margins, contributions = self._artifact.explain(features)
        names = (*FEATURES, "bias")
        for answer, margin, values in zip(answers, margins, contributions, strict=True):
            answer["margin"] = margin
            answer["contributions"] = dict(zip(names, values, strict=True))
        return answers

    def _features(self, batch: Mapping[str, Sequence[object]]) -> Features:
        columns = self.schema.parse(batch)
        check(columns)
        return self._artifact.encoder.encode(columns)

    def _answers(self, features: Features) -> list[dict[str, object]]:
        threshold = self._artifact.threshold
        chances = self._artifact.score(features).tolist()
        return [{"probability": chance, "late": chance >= threshold} for chance in chances]

    @staticmethod
    def score(answer: Mapping[str, object]) -> float:
        """Return the probability of being late of an answer that `predict` gave."""
        return cast("float", answer["probability"])


def _only_row(batch: Mapping[str, Sequence[object]], names: tuple[str, ...]) -> list[object] | None:
    """Return the values of a batch of one row of all columns in their order, unless it comes as arrays."""
    if tuple(batch) != names or any(len(values) != 1 or isinstance(values, np.ndarray) for values in batch.values()):
        return None
    return [values[0] for values in batch.values()]
