import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score

from model import metrics

flights = st.lists(st.tuples(st.booleans(), st.integers(1, 99)), min_size=2, max_size=40).filter(
    lambda rows: len({late for late, _ in rows}) == 2
)


@given(flights)
def test_metrics_agree_with_scikit_learn(rows: list[tuple[bool, int]]):
    late = np.array([late for late, _ in rows])
    probability = np.array([percent / 100 for _, percent in rows])
    assert metrics.auc(late, probability) == pytest.approx(roc_auc_score(late, probability))
    assert metrics.log_loss(late, probability) == pytest.approx(sklearn_log_loss(late, probability))


def test_what_cannot_be_computed_is_left_out():
    measured = metrics.metrics(np.array([False, False]), np.array([0.1, 0.2]), 0.5)
    assert measured.keys() == {"rows", "late_rate", "predicted_rate", "log_loss", "brier"}


def test_precision_and_recall_are_those_at_the_threshold():
    measured = metrics.metrics(np.array([True, True, False, False]), np.array([0.9, 0.2, 0.3, 0.1]), 0.3)
    assert (measured["precision"], measured["recall"]) == (0.5, 0.5)


def test_the_threshold_is_the_one_that_separates():
    late = np.array([False, False, True, True])
    assert metrics.best_threshold(late, np.array([0.05, 0.1, 0.22, 0.3])) == 0.11


def test_calibration_compares_tenths():
    probability = np.linspace(0, 1, 100)
    tenths = metrics.calibration(probability > 0.5, probability)
    assert [tenth["rows"] for tenth in tenths] == [10.0] * 10
    assert [tenth["happened"] for tenth in tenths] == [0.0] * 5 + [1.0] * 5
