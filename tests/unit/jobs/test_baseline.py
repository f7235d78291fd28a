"""What is particular about columns and scores; test_contract.py has baselines of whole models."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.serving.fakes import FakePredictor

from fairway.jobs import baseline
from fairway.serving.seen import Range, Values

ROWS = 12


class Loaded(FakePredictor):
    not_finite: float | None = None

    @classmethod
    def load(cls, _directory):
        return cls()

    @classmethod
    def score(cls, answer):
        return answer["hour"] if cls.not_finite is None or answer["hour"] != 3 else cls.not_finite


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(baseline, "Predictor", Loaded)
    for split in ("train", "validation"):
        columns: dict[str, Any] = {
            "hour": pa.array(range(ROWS)),
            "carrier": pa.array(["AA", " UA", None] * 4),
            "wind": pa.array([None] * ROWS if split == "train" else [7.0] * ROWS, pa.float64()),
        }
        (tmp_path / split).mkdir()
        pq.write_table(pa.table(columns), tmp_path / split / "part.parquet")
    return tmp_path


def test_columns_are_what_training_saw_and_shares_are_those_of_validation(data):
    recorded = baseline.quality_baseline(data, data)
    assert recorded.columns == {
        "hour": Range(0.0, 11.0),
        "carrier": Values(frozenset({"AA", "UA"})),
        "wind": Range(),
    }
    assert (recorded.missing_share, recorded.unseen_share) == (4 / 36, 12 / 36)


def test_a_column_of_too_many_strings_is_text_and_nothing_in_it_is_unseen(data, monkeypatch):
    monkeypatch.setattr(baseline, "CATEGORIES", 1)
    assert baseline.quality_baseline(data, data).columns["carrier"] is None


def test_a_large_split_is_sampled_evenly(data, monkeypatch):
    monkeypatch.setattr(baseline, "ROWS", 8)
    recorded = baseline.quality_baseline(data, data)
    assert sum(recorded.counts) == 8
    assert recorded.edges == (0.0, 3.0, 6.0, 9.0)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_fails_the_training(data, monkeypatch, score):
    monkeypatch.setattr(Loaded, "not_finite", score)
    with pytest.raises(ValueError, match=r"^the model's score is (nan|inf), a finite number was expected.*'hour': 3"):
        baseline.quality_baseline(data, data)
