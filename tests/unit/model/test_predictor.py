import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import InputError, Predictor
from model.flights import SCHEMA
from model.schema import Column
from model.small_batches import TOLERANCE

FLIGHT: dict[str, object] = {
    "year": 2014,
    "month": 2,
    "day": 28,
    "sched_dep_time": 1730,
    "sched_arr_time": 2005,
    "carrier": "UA",
    "origin": "JFK",
    "dest": "BOS",
}


@pytest.fixture(scope="module")
def predictor(artifact: Path) -> Predictor:
    return Predictor.load(artifact)


def batch(**changed: object) -> dict[str, list[object]]:
    return {name: [value] for name, value in (FLIGHT | changed).items()}


def test_an_answer_is_a_probability_and_a_decision(predictor: Predictor):
    [answer] = predictor.predict(batch())
    assert answer.keys() == {"probability", "late"}
    assert isinstance(answer["probability"], float)
    assert 0 < answer["probability"] < 1
    assert isinstance(answer["late"], bool)


def test_rows_are_answered_in_order_and_each_by_itself(predictor: Predictor):
    hours = [700, 1130, 1830]
    together = predictor.predict({name: [value] * 3 for name, value in FLIGHT.items()} | {"sched_dep_time": hours})
    assert together == [predictor.predict(batch(sched_dep_time=hour))[0] for hour in hours]
    assert len({answer["probability"] for answer in together}) > 1


def test_text_as_csv_gives_it_is_answered_like_json(predictor: Predictor):
    as_text = {name: [str(value)] for name, value in FLIGHT.items()} | {"temp": [""]}
    assert predictor.predict(as_text) == predictor.predict(batch(temp=None))


def test_one_row_that_comes_as_arrays_is_answered_like_text(predictor: Predictor):
    as_arrays: dict[str, Any] = {
        name: [value] if isinstance(value, str) else np.array([math.nan if value is None else value], np.float64)
        for name, value in {name: FLIGHT.get(name) for name in SCHEMA.names}.items()
    }
    assert predictor.predict(as_arrays) == predictor.predict(batch())


def test_no_rows_have_no_answers(predictor: Predictor):
    assert predictor.predict({name: [] for name in FLIGHT}) == []


def test_unseen_categories_are_answered(predictor: Predictor):
    [answer] = predictor.predict(batch(carrier="ZZ", origin="XXX", dest="YYY"))
    assert 0 < float(str(answer["probability"])) < 1


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("day", 29, "row 1, column 'day': 29 came, a day that the month has was expected"),
        ("sched_dep_time", 1260, "column 'sched_dep_time': 1260 came, a local time as HHMM"),
        ("sched_arr_time", "99", "column 'sched_arr_time': 99 came, a local time as HHMM"),
        ("dep_delay", 3, "column 'dep_delay': a column that the model does not know came"),
    ],
)
def test_what_cannot_be_is_the_callers_fault(predictor: Predictor, column: str, value: object, sentence: str):
    with pytest.raises(InputError, match=sentence):
        predictor.predict(batch(**{column: value}))


def values(column: Column) -> st.SearchStrategy[object]:
    low, high = column.minimum, column.maximum
    kinds: dict[str, st.SearchStrategy[object]] = {
        "string": st.text(min_size=1).filter(lambda text: bool(text.strip())),
        "integer": st.integers(int(low or 0), int(high or 0)),
        "number": st.floats(low, high, allow_nan=False),
    }
    return kinds[column.type] if column.required else st.none() | kinds[column.type]


flight = st.fixed_dictionaries({column.name: values(column) for column in SCHEMA.columns})


@given(st.lists(flight, min_size=1, max_size=3))
def test_every_row_that_the_schema_allows_is_answered_or_refused(
    predictor: Predictor, flights: list[dict[str, object]]
):
    refused = None
    answers = []
    try:
        answers = predictor.predict({name: [flight[name] for flight in flights] for name in SCHEMA.names})
    except InputError as error:
        refused = error.column
    assert refused in {None, "day", "sched_dep_time", "sched_arr_time"}
    assert len(answers) == (len(flights) if refused is None else 0)
    assert all(0 < float(str(answer["probability"])) < 1 for answer in answers)


@given(flight, st.sampled_from([lambda value: value, lambda value: "" if value is None else str(value)]))
def test_a_row_alone_is_answered_as_it_is_among_others(
    predictor: Predictor, flight: dict[str, object], written: Callable[[object], object]
):
    alone = predictor.predict_row([written(flight[name]) for name in SCHEMA.names])
    if alone is None:
        with pytest.raises(InputError, match=r"row 1, column '(day|sched_dep_time|sched_arr_time)'"):
            predictor.predict({name: [value] * 2 for name, value in flight.items()})
        return
    among, _ = predictor.predict({name: [value] * 2 for name, value in flight.items()})
    assert alone == among


def test_a_row_alone_is_answered_by_xgboost_where_there_is_no_onnx(artifact: Path, tmp_path: Path):
    shutil.copytree(artifact, tmp_path / "artifact")
    (tmp_path / "artifact/model.onnx").unlink()
    values = [FLIGHT.get(name) for name in SCHEMA.names]
    alone = Predictor.load(tmp_path / "artifact").predict_row(values)
    among = Predictor.load(artifact).predict_row(values)
    assert alone is not None
    assert among is not None
    assert alone["probability"] == pytest.approx(among["probability"], abs=TOLERANCE)


@pytest.mark.parametrize("name", ["model.ubj", "model.json"])
def test_a_damaged_artifact_is_named(artifact: Path, tmp_path: Path, name: str):
    shutil.copytree(artifact, tmp_path / "artifact")
    (tmp_path / "artifact" / name).write_bytes(b"{")
    with pytest.raises(ValueError, match="is damaged"):
        Predictor.load(tmp_path / "artifact")


def test_an_artifact_of_other_features_is_refused(artifact: Path, tmp_path: Path):
    shutil.copytree(artifact, tmp_path / "artifact")
    manifest = tmp_path / "artifact" / "model.json"
    manifest.write_text(manifest.read_text().replace('"weekday"', '"day_of_week"'))
    with pytest.raises(ValueError, match="of another version of this model"):
        Predictor.load(tmp_path / "artifact")
