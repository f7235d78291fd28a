"""What the evaluation of a model said: the part of `evaluation.json` that a reviewer is shown."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from fairway.errors import EvaluationError

Goal = Literal["maximize", "minimize"]
Slices = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Dimension → value → metric → number."""

ROWS = "rows"
"""The metric by which a model says on how many rows it measured, overall and in each slice."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Lineage(_Told):
    """What the model was made from."""

    data: Mapping[str, str]
    hyperparameters: Mapping[str, str]

    @property
    def test_data(self) -> Mapping[str, str]:
        """The hashes of the files that it was measured on."""
        return {name: digest for name, digest in self.data.items() if name.startswith("test/")}


class Gate(_Told):
    """Which way is better, for the metrics that decided; an evaluation from before that was recorded says none."""

    goals: Mapping[str, Goal] = {}


class Evaluation(_Told):
    """One evaluation; what else the file holds is not looked at."""

    metrics: Mapping[str, float]
    slices: Slices
    gate: Gate
    lineage: Lineage


def parse(value: Any, where: str) -> Evaluation:
    """Parse what `evaluation.json` holds; `EvaluationError` names the first member that is wrong."""
    try:
        return Evaluation.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise EvaluationError(where, ".".join(str(part) for part in first["loc"]), first["msg"]) from error


def gain(goal: Goal | None, old: float, new: float) -> float | None:
    """Return by how much `new` is better than `old`, negative when worse; None where that cannot be said."""
    if goal is None or not (math.isfinite(old) and math.isfinite(new)):
        return None
    return new - old if goal == "maximize" else old - new
