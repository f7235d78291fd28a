from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.unit.model.conftest import FEW_TREES

from model import Predictor, small_batches, train
from model.artifact import Artifact, training_report
from model.encoding import FEATURES
from model.flights import SCHEMA
from model.small_batches import FEW_ROWS, FILE, TOLERANCE
from model.splits import Split


@pytest.fixture(scope="module")
def loaded(artifact: Path) -> Artifact:
    return Artifact.load(artifact, 1)


def test_training_records_how_far_the_two_ways_agree(artifact: Path, data: Path):
    onnx = training_report(artifact)["onnx"]
    assert onnx["served"]
    assert onnx["largest_difference"] <= TOLERANCE
    assert onnx["rows"] == len(Split.read(data / "validation").late)


@pytest.mark.parametrize("missing", [0.0, 0.3, 1.0])
def test_both_answer_alike_for_what_no_flight_has(loaded: Artifact, missing: float):
    rng = np.random.default_rng(7)
    features = rng.normal(0, 1000, (500, len(loaded.encoder.encode_flight(flight())))).astype(np.float32)
    features[rng.random(features.shape) < missing] = np.nan
    # Where a value is just the one that a tree splits at, the two must take the same branch.
    splits = loaded.booster.trees_to_dataframe()["Split"].dropna().to_numpy(dtype=np.float32)
    features[::2] = rng.choice(splits, features[::2].shape)
    assert loaded.small is not None
    expected = loaded.booster.inplace_predict(features, validate_features=False)
    assert np.abs(loaded.small.score(features) - expected).max() <= TOLERANCE


def test_one_row_is_scored_as_it_is_among_others_and_each_thread_has_its_own(loaded: Artifact):
    small = loaded.small
    assert small is not None
    rng = np.random.default_rng(7)
    features = rng.normal(0, 1000, (200, len(FEATURES))).astype(np.float32)
    features[rng.random(features.shape) < 0.2] = np.nan
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(small.score_row, features.tolist()))
    assert alone == small.score(features).tolist()


def flight() -> dict[str, object]:
    return SCHEMA.parse_row([column.minimum if column.minimum is not None else "?" for column in SCHEMA.columns])


def test_each_size_of_batch_is_answered_by_its_own_and_alike(artifact: Path, data: Path):
    table = pq.read_table(data / "test", columns=list(SCHEMA.names))
    predictor = Predictor.load(artifact)
    together = predictor.predict(table.to_pydict())
    assert len(together) > FEW_ROWS
    for size in (1, 2, FEW_ROWS):
        parts = [predictor.predict(table.slice(row, size).to_pydict()) for row in range(0, 256, size)]
        for one, other in zip([answer for part in parts for answer in part], together, strict=False):
            assert one["probability"] == pytest.approx(other["probability"], abs=TOLERANCE)


def test_trees_that_answer_otherwise_are_left_out_and_the_report_says_so(data: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(small_batches, "TOLERANCE", -1.0)
    report = train(data, tmp_path, FEW_TREES)
    assert not report["onnx"]["served"]
    assert not (tmp_path / FILE).exists()
    assert Artifact.load(tmp_path, 1).small is None


def test_contributions_sum_to_the_margin(artifact: Path, data: Path):
    rows = pq.read_table(data / "test", columns=list(SCHEMA.names)).slice(0, 200).to_pydict()
    predictor = Predictor.load(artifact)
    for answer, plain in zip(predictor.explain(rows), predictor.predict(rows), strict=True):
        contributions, margin = answer["contributions"], answer["margin"]
        assert isinstance(contributions, dict)
        assert isinstance(margin, float)
        assert sum(contributions.values()) == pytest.approx(margin, abs=1e-4)
        assert answer["probability"] == plain["probability"] == pytest.approx(1 / (1 + np.exp(-margin)), abs=TOLERANCE)
