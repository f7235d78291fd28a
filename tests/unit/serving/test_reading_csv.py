"""The quick ways of reading CSV against the exact one: what they read is the same, the rest they leave to it."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.serving.fakes import Column, Schema

from fairway.errors import RequestError
from fairway.serving import reading_csv
from fairway.serving.reading_csv import read, read_exactly, read_row
from model.schema import Column as Typed
from model.schema import InputError
from model.schema import Schema as TypedSchema

SCHEMA = Schema()
MODEL = TypedSchema(
    (
        Typed("hour", "integer", required=True, description="", minimum=0, maximum=23),
        Typed("carrier", "string", required=True, description=""),
        Typed("wind", "number", required=False, description=""),
    )
)

numbers = st.one_of(
    st.integers(-5, 30).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["", " ", " 7 ", "\t8", "+5", "5.", ".5", "1e3", "1E-3", "nan", "inf", "-Infinity", "1e999"]),
    st.sampled_from(
        ["0x10", "1_0", "--1", "\N{NO-BREAK SPACE}7", "\N{FULLWIDTH DIGIT SEVEN}", "null", "N/A", "true", "1 2"]
    ),
)
texts = st.one_of(
    st.sampled_from(["AA", " B6 ", "", "N/A", "null", "é", "\x00", "#", "\x0b", "\u2028", "\\"]), st.text(max_size=3)
)
rows = st.lists(st.tuples(numbers, texts, numbers).map(",".join), min_size=1, max_size=5)
bodies = st.one_of(
    rows.flatmap(lambda lines: st.sampled_from(["\n", "\r\n", "\r"]).map(lambda end: end.join(lines))),
    st.tuples(rows.map("\n".join), st.sampled_from(["\n", "\n\n", '"', ",", "\ufeff"])).map("".join),
    st.text(alphabet='7,A"\n\r .', max_size=30),
)


def outcome(reading, body, header):
    """Returns what the model makes of the columns, or the sentence that refuses them."""
    try:
        batch = reading(body, header, MODEL)
        columns = MODEL.parse(batch)
    except RequestError as error:
        return str(error)
    except InputError as error:
        return error.row, error.column, error.expected  # a number is shown as it was read: 1000, or "1e3"
    return {name: [None if value != value else value for value in values.tolist()] for name, values in columns.items()}  # noqa: PLR0124


def quick(body, header, schema):
    return read(body, header, schema, arrays=True)


@given(bodies, st.sampled_from([None, "absent", "present"]))
@example("7,AA,nan\n8,B6,1", None)
@example("\ufeff7,AA,1\n8,B6,1", None)
@example("7,AA,1\n\n", "absent")
@example("hour,carrier\n7,AA\n8,B6\n", "present")
@example("wind,carrier,hour\n,AA,7\n", "present")
@example("hour,carrier,wind\n", "present")
@example("hour,carrier,hour\n7,AA,7\n", "present")
def test_the_quick_ways_accept_and_read_what_the_exact_one_does(body, header):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading_csv, "_MANY", 0)
        encoded = body.encode(errors="surrogatepass")
        assert outcome(quick, encoded, header) == outcome(read_exactly, encoded, header)


@given(st.binary(max_size=40))
def test_bytes_of_any_kind_are_read_alike(body):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading_csv, "_MANY", 0)
        assert outcome(quick, body, None) == outcome(read_exactly, body, None)


@given(bodies, st.sampled_from([None, "absent", "present"]))
@example("7,AA,1\n", None)
@example("hour,AA,1\n", "absent")
@example("7,AA,1\n\n", None)
def test_a_row_read_alone_is_the_one_that_the_exact_way_reads(body, header):
    encoded = body.encode(errors="surrogatepass")
    fields = read_row(encoded, header, MODEL)
    if fields is not None:
        exactly = read_exactly(encoded, header, MODEL)
        assert [[field or None] for field in fields] == list(exactly.values())
        assert tuple(exactly) == MODEL.names
    plain = header != "present" and set(body) <= set("0123456789,.AB")
    assert (fields is not None) >= (plain and body.count(",") == 2)


def test_many_rows_come_as_arrays_where_they_are_asked_for():
    body = b"7,AA,1.5\n8,B6,\n" * 1000
    batch = read(body, None, SCHEMA, arrays=True)
    assert [type(batch[name]).__name__ for name in ("hour", "carrier", "wind")] == ["ndarray", "list", "ndarray"]
    wind: list[float] = list(batch["wind"])  # type: ignore[arg-type]
    assert wind[0] == 1.5
    assert math.isnan(wind[1])
    plain = read(body, None, SCHEMA)
    assert plain["wind"][:2] == ["1.5", None]


def test_a_schema_of_one_column_takes_an_empty_line_for_no_row():
    with pytest.raises(RequestError, match="holds no row"):
        read(b"", None, Schema((Column("hour", "integer", required=False),)))


def test_unknown_columns_are_passed_over_where_the_schema_says_so():
    lenient = TypedSchema(MODEL.columns, unknown="ignore")
    body = b"rain,hour,carrier\n3,7,AA\n"
    assert read(body, "present", lenient) == {"hour": ["7"], "carrier": ["AA"]}
    large = read(body + b"3,7,AA\n" * 2000, "present", lenient, arrays=True)
    assert list(large) == ["hour", "carrier"]
    with pytest.raises(RequestError, match="unknown column 'rain'"):
        read(body, "present", MODEL)
