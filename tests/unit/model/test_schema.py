import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.schema import Column, InputError, Schema

SCHEMA = Schema(
    (
        Column("carrier", "string", required=True, description="code"),
        Column("month", "integer", required=True, description="month", minimum=1, maximum=12),
        Column("temp", "number", required=False, description="°F"),
    )
)


def test_csv_and_json_values_parse_alike():
    from_csv = SCHEMA.parse({"carrier": ["UA", " AA "], "month": ["1", "12.0"], "temp": ["", "-3.5e1"]})
    from_json = SCHEMA.parse({"carrier": ["UA", "AA"], "month": [1, 12.0], "temp": [None, -35]})
    for name in SCHEMA.names:
        np.testing.assert_array_equal(from_csv[name], from_json[name])
    assert math.isnan(from_csv["temp"][0])


def test_an_optional_column_may_be_left_out():
    assert np.isnan(SCHEMA.parse({"carrier": ["UA"], "month": [1]})["temp"]).tolist() == [True]


@pytest.mark.parametrize(
    ("column", "value", "came", "expected"),
    [
        ("month", 13, "13", "an integer from 1 to 12"),
        ("month", "1.5", '"1.5"', "an integer from 1 to 12"),
        ("month", True, "true", "an integer from 1 to 12"),
        ("month", None, "nothing", "an integer from 1 to 12"),
        ("month", "", "nothing", "an integer from 1 to 12"),
        ("month", 10**400, "1000", "an integer from 1 to 12"),
        ("temp", "warm", '"warm"', "a number"),
        ("temp", "nan", '"nan"', "a number"),
        ("temp", "1_0", '"1_0"', "a number"),
        ("temp", math.inf, "Infinity", "a number"),
        ("temp", [1], r"\[1\]", "a number"),
        ("carrier", 9, "9", "a string"),
        ("carrier", "  ", '"  "', "a string"),
    ],
)
def test_a_wrong_value_is_named_by_row_and_column(column: str, value: object, came: str, expected: str):
    batch: dict[str, list[object]] = {"carrier": ["UA", "AA"], "month": [1, 2], "temp": [None, None]}
    batch[column][1] = value
    with pytest.raises(InputError, match=rf"^row 2, column '{column}': {came}.* came, {expected}.* was expected$") as e:
        SCHEMA.parse(batch)
    assert (e.value.row, e.value.column) == (2, column)


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        ({"carrier": ["UA"]}, "column 'month': no such column came, an integer from 1 to 12 was expected"),
        ({"carrier": ["UA"], "month": [1], "dep_delay": [3]}, "column 'dep_delay': a column that the model does not"),
        ({"carrier": ["UA"], "month": [1, 2]}, "column 'carrier': 1 values came, 2, as many as the other columns"),
        ({}, "column 'carrier': no such column came"),
    ],
)
def test_wrong_columns_are_refused(batch: dict[str, list[object]], sentence: str):
    with pytest.raises(InputError, match=sentence):
        SCHEMA.parse(batch)


def test_a_long_value_is_cut_in_its_sentence():
    with pytest.raises(InputError) as raised:
        SCHEMA.parse({"carrier": ["UA"], "month": ["9" * 5000]})
    assert len(str(raised.value)) < 200


def test_the_schema_as_json_has_bounds_only_where_there_are_some():
    rows = json.loads(json.dumps(SCHEMA.to_json()))
    assert [row["name"] for row in rows] == ["carrier", "month", "temp"]
    assert (rows[1]["minimum"], rows[1]["maximum"]) == (1, 12)
    assert "minimum" not in rows[2]


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers())


@given(st.lists(st.tuples(anything, anything, anything), max_size=4))
def test_parsing_answers_or_names_what_is_wrong(rows: list[tuple[object, object, object]]):
    batch = {name: [row[i] for row in rows] for i, name in enumerate(SCHEMA.names)}
    refused = None
    columns = SCHEMA.parse({name: [] for name in SCHEMA.names})
    try:
        columns = SCHEMA.parse(batch)
    except InputError as error:
        refused = error.column
    assert refused is None or refused in SCHEMA.names
    assert all(isinstance(value, str) and value for value in columns["carrier"])
    assert all(value in range(1, 13) for value in columns["month"])
    assert not np.isinf(columns["temp"].astype(float)).any()


@given(st.tuples(anything, anything, anything))
def test_a_row_is_parsed_alone_as_it_is_in_a_column(row: tuple[object, object, object]):
    batch = {name: [value] for name, value in zip(SCHEMA.names, row, strict=True)}
    outcomes = []
    for parse in (lambda: SCHEMA.parse(batch), lambda: SCHEMA.parse_row(row)):
        try:
            columns = parse()
            outcomes.append(
                repr([value.tolist()[0] if hasattr(value, "tolist") else value for value in columns.values()])
            )
        except InputError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_what_is_remembered_of_a_column_is_bounded():
    column = Column("wind", "number", required=False, description="")
    for number in range(3 * 4096):
        assert column.value(str(number)) == number
    column.value("1" + "0" * 40)
    assert len(column.known) <= 4096
    assert max(len(text) for text in column.known if isinstance(text, str)) <= 32
    assert math.isnan(column.value(""))


def test_true_is_no_one_though_it_was_seen_before():
    column = Column("month", "integer", required=True, description="", minimum=1, maximum=12)
    assert column.value("1") == column.value(1) == 1
    with pytest.raises(InputError, match="true came"):
        column.value(True)  # noqa: FBT003 -- the value that is refused


@pytest.mark.parametrize("value", [0.0, 13.0, 1.5, np.nan, np.inf])
def test_an_array_is_held_to_the_same_bounds(value: float):
    column = Column("month", "integer", required=True, description="", minimum=1, maximum=12)
    with pytest.raises(InputError, match="row 2, column 'month'"):
        column.parse(np.array([1.0, value]))
    assert column.parse(np.array([1.0, 12.0])).tolist() == [1, 12]
