import json
import logging
import math
import threading
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.serving import quality
from fairway.serving.quality import (
    BINS,
    ENOUGH,
    WINDOW,
    Baseline,
    Watch,
    count_inputs,
    count_scores,
    edges_of,
    psi,
)
from fairway.serving.seen import Judged, Range, Seen, Values

COLUMNS: dict[str, Seen] = {
    "carrier": Values(frozenset({"AA", "UA"})),
    "wind": Range(0.0, 40.0),
    "note": None,
    "never": Range(),
}
TENTHS = tuple(tenth / 10 for tenth in range(1, 10))
UNIFORM = Baseline(TENTHS, (1000,) * 10, {"carrier": COLUMNS["carrier"]}, missing_share=0.01, unseen_share=0.02)


@pytest.mark.parametrize(
    ("expected", "actual", "by_hand"),
    [
        # (75.5/101 - 0.5) ln(75.5/50.5) + (25.5/101 - 0.5) ln(25.5/50.5) - (1/100 + 1/100)
        pytest.param([50, 50], [75, 25], 0.248677, id="a quarter moves"),
        pytest.param([50, 50], [25, 75], 0.248677, id="the other way"),
        pytest.param([100, 300, 100], [100, 300, 100], 0.0, id="nothing moves"),
        # (500.5/501 - 0.5) ln(1001/501) + (0.5/501 - 0.5) ln(1/501) - (1/500 + 1/100)
        pytest.param([50, 50], [500, 0], 3.435482, id="a bin is empty"),
        # (0.5 - 0.5/101) ln(101) + (0.5 - 100.5/101) ln(50.5/100.5) - (1/100 + 1/100)
        pytest.param([0, 100], [50, 50], 2.605398, id="a bin was empty"),
    ],
)
def test_the_index_is_what_is_worked_out_by_hand(expected, actual, by_hand):
    assert psi(expected, actual) == pytest.approx(by_hand, abs=1e-6)


@given(st.integers(0, 2**32), st.integers(WINDOW, 2000))
def test_windows_of_the_same_distribution_are_near_zero(seed, size):
    random = Random(seed)  # noqa: S311 -- no secret
    scores = [random.random() for _ in range(size)]
    # Chi-square with nine degrees of freedom over N; one in ten million is over 50.
    assert psi(UNIFORM.counts, count_scores(TENTHS, scores)) < 50 * (1 / size + 1 / 10_000) - 9 / size


@pytest.mark.parametrize("size", [WINDOW, 1000])
def test_what_chance_adds_is_taken_off(size):
    random = Random(7)  # noqa: S311 -- no secret
    plain = Baseline(TENTHS, (100_000,) * 10, {})

    def once():
        counts = count_scores(TENTHS, [random.random() for _ in range(size)])
        return sum((c / size - 0.1) * math.log(max(c, 0.5) / size / 0.1) for c in counts), psi(plain.counts, counts)

    raw, corrected = (sum(column) / 300 for column in zip(*(once() for _ in range(300)), strict=True))
    assert raw == pytest.approx(9 / size, rel=0.15)
    # What is left is that an index is not shown below nought: E max(0, chi-square(9) - 9) is 1.6.
    assert corrected == pytest.approx(1.6 / size, rel=0.35)


scores = st.lists(st.floats(0, 1), min_size=20, max_size=200)


@given(scores, st.randoms(use_true_random=False))
def test_the_order_of_predictions_does_not_matter(values, random):
    shuffled = random.sample(values, len(values))
    assert psi(UNIFORM.counts, count_scores(TENTHS, values)) == psi(UNIFORM.counts, count_scores(TENTHS, shuffled))


@given(st.integers(0, 9), st.integers(0, 9))
def test_the_further_the_scores_move_the_greater_it_is(one, other):
    near, far = sorted([one, other])
    spread = [(row + 0.5) / 1000 for row in range(1000)]

    def moved(tenths):
        return psi(UNIFORM.counts, count_scores(TENTHS, [min(score + tenths / 10, 0.999) for score in spread]))

    assert moved(near) <= moved(far)
    assert (moved(near) == moved(far)) == (near == far)


@given(scores, scores)
def test_it_is_a_finite_number_that_is_not_negative(before, after):
    edges = edges_of(before)
    index = psi(count_scores(edges, before), count_scores(edges, after))
    assert math.isfinite(index)
    assert index >= 0


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_score_is_in_one_bin_of_ten_at_most(values):
    counts = count_scores(edges_of(values), values)
    assert len(counts) <= BINS
    assert sum(counts) == len(values)


def test_bins_are_tenths_of_the_scores():
    values = [float(value) for value in range(1000)]
    assert count_scores(edges_of(values), values) == [100] * 10


def test_a_score_that_is_always_the_same_shows_when_it_falls():
    edges = edges_of([0.5] * 100)
    assert count_scores(edges, [0.5, 0.5]) == [0, 2]
    assert psi([0, 100], count_scores(edges, [0.4] * 300)) > 1


@pytest.mark.parametrize(
    ("column", "value", "counted"),
    [
        ("carrier", "AA", (0, 0)),
        ("carrier", " AA ", (0, 0)),
        ("carrier", "ZZ", (0, 1)),
        ("carrier", 7, (0, 1)),
        ("carrier", None, (1, 0)),
        ("carrier", "", (1, 0)),
        ("wind", 0, (0, 0)),
        ("wind", "40.0", (0, 0)),
        ("wind", 41, (0, 1)),
        ("wind", "gale", (0, 1)),
        ("wind", None, (1, 0)),
        ("note", "anything", (0, 0)),
        ("note", None, (1, 0)),
        ("never", 0, (0, 1)),
    ],
)
def test_a_value_is_seen_missing_or_unseen(column, value, counted):
    assert count_inputs({column: COLUMNS[column]}, {column: [value]}, [0]) == counted


def test_a_column_that_is_left_out_is_missing_in_every_row():
    assert count_inputs(COLUMNS, {"carrier": ["AA", "AA"], "wind": [1, 2], "note": ["", "x"]}, [0, 1]) == (3, 0)


def test_a_baseline_is_read_as_it_was_written(tmp_path):
    assert Baseline.read(tmp_path) is None
    written = Baseline((0.25,), (3, 4), COLUMNS, missing_share=0.1, unseen_share=0.2)
    (tmp_path / quality.FILE).write_text(json.dumps(written.to_json(), allow_nan=False))
    assert Baseline.read(tmp_path) == written


SOUND = {"scores": {"edges": [1, 2], "counts": [1, 2, 3]}, "inputs": {}, "columns": {}}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("{", id="cut off"),
        pytest.param("[]", id="no object"),
        pytest.param("{}", id="empty"),
        pytest.param(json.dumps(SOUND | {"scores": {"edges": [1, 2], "counts": [1, 2]}}), id="a bin too few"),
        pytest.param(json.dumps(SOUND | {"scores": {"edges": [2, 1], "counts": [1, 2, 3]}}), id="out of order"),
        pytest.param(json.dumps(SOUND | {"inputs": {"share": 1}}), id="another member"),
        pytest.param(json.dumps(SOUND | {"columns": {"wind": {"least": 1}}}), id="another column"),
        pytest.param(json.dumps(SOUND | {"columns": {"wind": 7}}), id="a column that is a number"),
    ],
)
def test_a_damaged_baseline_says_so(tmp_path, content):
    (tmp_path / quality.FILE).write_text(json.dumps(SOUND))
    assert Baseline.read(tmp_path)
    (tmp_path / quality.FILE).write_text(content)
    with pytest.raises(ValueError, match=r"^quality\.json is damaged: "):
        Baseline.read(tmp_path)


class Watched:
    """A watch and the lines that it wrote."""

    def __init__(self, caplog):
        caplog.set_level(logging.INFO, "fairway.serving.quality")
        self.watch = Watch(UNIFORM, lambda answer: float(str(answer["score"])), "7", ["carrier"])
        self._caplog = caplog

    def predict(self, rows, *, carrier="AA"):
        answers = [{"score": (row + 0.5) / rows} for row in range(rows)]
        self.watch.observe({"carrier": [carrier] * rows}, answers)

    @property
    def lines(self):
        return [record.fields for record in self._caplog.records]


@pytest.fixture
def watched(caplog):
    return Watched(caplog)


def test_a_full_window_is_one_line(watched):
    watched.predict(WINDOW - 100)
    watched.predict(99, carrier=None)
    assert watched.lines == []
    watched.predict(1, carrier="ZZ")
    assert watched.lines == [
        {
            "event": "quality",
            "release": "7",
            "psi": 0.0,
            "missing_share": round(99 / WINDOW, 4),
            "unseen_share": round(1 / WINDOW, 4),
            "predictions": WINDOW,
            "baseline_missing_share": 0.01,
            "baseline_unseen_share": 0.02,
        }
    ]
    watched.predict(WINDOW)
    assert watched.lines[1]["missing_share"] == 0, "a window starts from nothing"


@pytest.mark.parametrize(("rows", "told"), [(0, []), (ENOUGH - 1, []), (ENOUGH, [ENOUGH])])
def test_the_last_window_is_told_of_if_there_is_enough_in_it(watched, rows, told):
    watched.predict(rows)
    for _ in range(2):
        watched.watch.close()
    assert [line["predictions"] for line in watched.lines] == told


def test_of_a_large_request_rows_are_taken_evenly(watched):
    watched.predict(100 * WINDOW)
    [line] = watched.lines
    assert (line["predictions"], line["psi"]) == (WINDOW, 0.0)


def test_two_threads_lose_no_prediction(watched):
    threads = [threading.Thread(target=lambda: [watched.predict(5) for _ in range(10 * WINDOW // 5)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line["predictions"] for line in watched.lines] == [WINDOW] * 20


@given(st.lists(st.sampled_from([math.nan, 0.0, -0.0, 40.0, 40.5, -1.0, math.inf])))
def test_an_array_is_counted_as_its_values_are(values):
    for seen in COLUMNS.values():
        if not isinstance(seen, Values):
            assert Judged(seen).count(np.array(values, np.float64)) == Judged(seen).count(values)


def test_what_is_remembered_of_a_column_is_bounded():
    judged = Judged(Range(0.0, 10.0))
    values = [*(number / 1000 for number in range(20_000)), math.nan, "1" * 100]
    assert judged.count(values) == judged.count(values) == (1, 10_000)
    assert len(judged) <= 1024
    assert not any(value != value or isinstance(value, str) for value in judged)  # noqa: PLR0124 -- NaN


def test_small_requests_are_counted_together_and_none_is_lost(caplog):
    together, alone = Watched(caplog), Watched(caplog)
    lines = []
    for watched, later in ((together, True), (alone, False)):
        caplog.clear()
        for row in range(WINDOW + ENOUGH):
            batch = {"carrier": ("AA" if row % 3 else None,)}
            observe = watched.watch.observe_later if later else watched.watch.observe
            observe(batch, [{"score": row % 97 / 97}])
        watched.watch.close()
        lines.append([vars(record)["fields"] for record in caplog.records])
    assert lines[0] == lines[1]
    assert [line["predictions"] for line in lines[0]] == [WINDOW, ENOUGH]
