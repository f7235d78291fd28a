"""Filters of batch transform select what SageMaker's documentation says they select."""

import pytest

from fairway.twin.runtime.transform_paths import Path, PathError

ROW = ["a", "b", "c", "d"]
RECORD = {"id": 1, "features": {"x": [1, 2], "y": 3}, "SageMakerOutput": {"score": 0.5}}


@pytest.mark.parametrize(
    ("text", "value", "selected"),
    [
        ("$", ROW, ROW),
        ("$[1:]", ROW, ["b", "c", "d"]),
        ("$[:-1]", ROW, ["a", "b", "c"]),
        ("$[0,2:]", ROW, ["a", "c", "d"]),
        ("$[0,-1]", ROW, ["a", "d"]),
        ("$[-1]", ROW, "d"),
        ("$[*]", ROW, ROW),
        ("$.features", RECORD, RECORD["features"]),
        ("$.features.x[1]", RECORD, 2),
        ("$['features']['y']", RECORD, 3),
        ("$.features.['x','y']", RECORD, RECORD["features"]),
        ("$['id','SageMakerOutput']", RECORD, {"id": 1, "SageMakerOutput": {"score": 0.5}}),
        ("$['a,b']", {"a,b": 7}, 7),
        ("$.features.*", RECORD, [[1, 2], 3]),
    ],
)
def test_an_expression_selects(text, value, selected):
    assert Path.parse(text).select(value) == selected


@pytest.mark.parametrize(
    "text", ["", "features", "$.", "$..x", "$[?(@.x>1)]", "$[1", "$['a'", "$[a]", "$[1:2:3]", "$.x.1", "$[]", "$[0,]"]
)
def test_other_operators_are_refused(text):
    with pytest.raises(PathError):
        Path.parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$[4]", ROW),
        ("$[0,9:]", ROW),
        ("$[-5]", ROW),
        ("$.none", RECORD),
        ("$[0]", RECORD),
        ("$.id", ROW),
        ("$.id.x", RECORD),
    ],
)
def test_what_a_record_does_not_have_is_an_error(text, value):
    with pytest.raises(PathError):
        Path.parse(text).select(value)
