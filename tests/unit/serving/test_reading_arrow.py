import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.serving.fakes import Schema

from fairway.errors import RequestError
from fairway.serving import reading_arrow
from fairway.serving.formats import read_batch
from fairway.serving.media import ARROW, PARQUET
from model.schema import Schema as TypedSchema

SCHEMA = Schema()
TABLE = pa.table({"hour": [7, 8], "carrier": ["AA", "B6"], "wind": [1.5, None]})


def parquet(table: pa.Table, **options: Any) -> bytes:
    body = io.BytesIO()
    pq.write_table(table, body, **options)
    return body.getvalue()


def stream(table: pa.Table, **options: Any) -> bytes:
    body = io.BytesIO()
    with pa.ipc.new_stream(body, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return body.getvalue()


WRITERS = {PARQUET: parquet, ARROW: stream}
kinds = pytest.mark.parametrize("kind", WRITERS)


def refused(body: bytes, kind: str, **options: Any) -> tuple[int, str]:
    with pytest.raises(RequestError) as caught:
        read_batch(body, kind, SCHEMA, **options)
    return caught.value.status, str(caught.value)


@kinds
def test_a_table_is_read_as_columns(kind):
    assert read_batch(WRITERS[kind](TABLE), kind, SCHEMA) == {
        "hour": [7.0, 8.0],
        "carrier": ["AA", "B6"],
        "wind": [1.5, None],
    }


@kinds
def test_columns_come_in_any_order_as_arrays_and_dictionaries(kind):
    carriers, hours = pa.array(["AA", "B6"]).dictionary_encode(), pa.array([7, 8], pa.int8())
    table = pa.table([carriers, hours], ["carrier", "hour"])
    batch = read_batch(WRITERS[kind](table), kind, SCHEMA, arrays=True)
    assert {name: list(values) for name, values in batch.items()} == {"hour": [7.0, 8.0], "carrier": ["AA", "B6"]}


@pytest.mark.parametrize("places", [pa.uint8(), pa.int32(), pa.uint64()])
def test_what_is_missing_of_a_dictionary_is_missing_whichever_way_it_is_written(places):
    indices = pa.array([1, None, 0, 2], places)
    carriers = pa.DictionaryArray.from_arrays(indices, pa.array(["AA", "B6", None]))
    batch = read_batch(stream(pa.table([pa.array([7, 8, 9, 10]), carriers], ["hour", "carrier"])), ARROW, SCHEMA)
    assert batch["carrier"] == ["B6", None, "AA", None]


@kinds
@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (TABLE.slice(0, 0), "The request holds no row: one or more are expected."),
        (TABLE.append_column("rain", [[1, 2]]), "The request has the unknown column 'rain'"),
        (TABLE.drop_columns(["carrier"]), "The request lacks the column 'carrier'"),
        (TABLE.set_column(0, "hour", [[True, False]]), "The column 'hour' holds 'bool': numbers are expected."),
        (TABLE.set_column(0, "hour", [["7", "8"]]), "The column 'hour' holds 'string': numbers are expected."),
        (TABLE.set_column(1, "carrier", [[7, 8]]), "The column 'carrier' holds 'int64': texts are expected."),
        (TABLE.set_column(0, "hour", [[2**60 + 1, 8]]), "The body is no "),
    ],
)
def test_a_table_that_is_wrong_is_400_and_a_sentence(kind, table, sentence):
    status, said = refused(WRITERS[kind](table), kind)
    assert (status, said[: len(sentence)]) == (400, sentence)


@kinds
@settings(max_examples=50)
@given(data=st.data())
def test_damaged_bytes_are_400(kind, data):
    body = bytearray(WRITERS[kind](TABLE))
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=6)):
        body[place] = data.draw(st.integers(0, 255))
    try:
        read_batch(bytes(body[: data.draw(st.integers(0, len(body)))]), kind, SCHEMA)
    except RequestError as error:
        assert error.status in {400, 413}  # noqa: PT017 -- bytes that still are a table are no mistake


@kinds
def test_what_is_no_table_at_all_says_so(kind):
    assert refused(b"7,AA,1\n", kind)[1].startswith("The body is no ")
    assert refused(b"", kind)[0] == 400


def test_rows_that_a_small_file_declares_are_bounded_before_they_are_read():
    many = pa.table({"hour": pa.repeat(7, 5_000_000).cast(pa.int8()), "carrier": pa.repeat("AA", 5_000_000)})
    body = parquet(many, compression="zstd")
    assert len(body) < 50_000
    assert refused(body, PARQUET) == (
        413,
        "The table is larger than 67108864 bytes once it is unpacked: send fewer rows.",
    )


def test_a_long_text_in_every_row_is_in_memory_once():
    table = pa.table({"hour": [7] * 1000, "carrier": ["x" * 10_000] * 1000})
    carriers = read_batch(parquet(table), PARQUET, SCHEMA)["carrier"]
    assert len({id(carrier) for carrier in carriers}) == 1


def test_a_compressed_stream_that_unpacks_to_more_than_is_there_is_413(monkeypatch):
    monkeypatch.setattr(reading_arrow, "_ROOM", 16_000_000)
    huge = pa.table({"hour": pa.array([7.0]), "carrier": pa.array(["x" * 60_000_000])})
    body = stream(huge, compression="zstd")
    assert len(body) < 50_000
    assert refused(body, ARROW, limit=1_000_000)[0] == 413


@kinds
def test_unknown_columns_are_passed_over_where_the_schema_says_so(kind):
    lenient = TypedSchema(SCHEMA.columns, unknown="ignore")  # type: ignore[arg-type]
    table = TABLE.append_column("rain", [[1, 2]])
    assert list(read_batch(WRITERS[kind](table), kind, lenient)) == ["hour", "carrier", "wind"]
