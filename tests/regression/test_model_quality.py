"""The example model against its committed baseline and two honest baselines, on the real months.

`baseline.json` is what was measured when the model last changed on purpose: a better model moves it, in one commit.
In a pipeline the candidate is tested, and beside it what the first environment runs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.regression import baselines
from tests.regression.candidates import candidate

from model import evaluate, prepare, train, write_raw
from model.source import MONTHS

BASELINE: dict[str, Any] = json.loads((Path(__file__).parent / "baseline.json").read_text())
CANDIDATE = candidate()


@dataclass(frozen=True)
class Trained:
    month: str
    data: Path
    metrics: dict[str, float]


@pytest.fixture(scope="module", params=[CANDIDATE.month] if CANDIDATE else BASELINE["months"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    month, folder = request.param, tmp_path_factory.mktemp("quality")
    if CANDIDATE:
        metrics = evaluate(CANDIDATE.artifact, CANDIDATE.data, folder / "evaluation")["metrics"]
        return Trained(month, CANDIDATE.data, metrics)
    write_raw(folder / "raw", MONTHS[: MONTHS.index(month) + 1])
    prepare(folder / "raw", folder / "data", {})
    train(folder / "data", folder / "artifact", {})
    metrics = evaluate(folder / "artifact", folder / "data", folder / "evaluation")["metrics"]
    return Trained(month, folder / "data", metrics)


def shortfalls(month: str, metrics: dict[str, float]) -> list[str]:
    measured, tolerance = BASELINE["months"][month]["model"], BASELINE["tolerance"]
    worse = {"auc": measured["auc"] - metrics["auc"], "log_loss": metrics["log_loss"] - measured["log_loss"]}
    return [f"{name} is worse by {by:.4f}" for name, by in worse.items() if by > tolerance[name]]


def test_the_model_is_no_worse_than_when_it_was_last_measured(trained: Trained):
    assert shortfalls(trained.month, trained.metrics) == []


@pytest.mark.skipif(not (CANDIDATE and CANDIDATE.champion), reason="only a pipeline's candidate has a champion")
def test_the_candidate_is_no_worse_than_the_champion(trained: Trained, tmp_path: Path):
    assert CANDIDATE
    assert CANDIDATE.champion
    champion = evaluate(CANDIDATE.champion, CANDIDATE.data, tmp_path / "evaluation")["metrics"]
    tolerance = BASELINE["tolerance"]
    assert champion["auc"] - trained.metrics["auc"] <= tolerance["auc"]
    assert trained.metrics["log_loss"] - champion["log_loss"] <= tolerance["log_loss"]


def test_a_worse_model_falls_short(trained: Trained, tmp_path: Path):
    train(trained.data, tmp_path / "artifact", {"max_depth": "2", "num_boost_round": "20"})
    metrics = evaluate(tmp_path / "artifact", trained.data, tmp_path / "evaluation")["metrics"]
    assert len(shortfalls(trained.month, metrics)) == 2


@pytest.mark.parametrize("name", ["base_rate", "logistic_regression"])
def test_the_model_beats_its_baselines_by_the_stated_margin(trained: Trained, name: str):
    rival = getattr(baselines, name)(trained.data)
    assert rival == pytest.approx(BASELINE["months"][trained.month][name], abs=0.002), "the baseline itself moved"
    margin = BASELINE["margin"][name]
    assert trained.metrics["auc"] - rival["auc"] >= margin["auc"]
    assert rival["log_loss"] - trained.metrics["log_loss"] >= margin["log_loss"]
