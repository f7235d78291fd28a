import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.serving.fakes import Schema

from fairway.errors import RequestError
from fairway.serving import reading_json
from fairway.serving.formats import CSV, JSON, JSON_LINES, choose_answer, read_batch, read_row, write_answer
from model.schema import Schema as TypedSchema

SCHEMA = Schema()
BATCH = {"hour": ["7", "8"], "carrier": ["AA", "B,6"], "wind": ["1.5", None]}


def read(body, content_type=JSON):
    return read_batch(body if isinstance(body, bytes) else body.encode(), content_type, SCHEMA)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (CSV, '7,AA,1.5\n8,"B,6",\n'),
        ("text/csv; header=absent", '7,AA,1.5\r\n8,"B,6",'),
        ("TEXT/CSV; charset=utf-8; header=present", 'wind,hour,carrier\n1.5,7,AA\n,8,"B,6"\n'),
        (JSON, json.dumps({"columns": BATCH})),
        ("application/x-ndjson", '{"hour": "7", "carrier": "AA", "wind": "1.5"}\n\n{"hour": "8", "carrier": "B,6"}'),
        (
            "application/json; charset=utf-8",
            '{"instances": [{"hour": "7", "carrier": "AA", "wind": "1.5"}, {"hour": "8", "carrier": "B,6"}]}',
        ),
    ],
)
def test_every_format_reads_the_same_batch(content_type, body):
    assert read(body, content_type) == BATCH


def test_a_header_may_leave_out_what_is_optional():
    assert read("carrier,hour\nAA,7\n", "text/csv; header=present") == {"carrier": ["AA"], "hour": ["7"]}


def test_numbers_of_json_stay_numbers():
    assert read('{"columns": {"hour": [7], "carrier": ["AA"], "wind": [null]}}')["hour"] == [7]


@pytest.mark.parametrize(
    ("content_type", "body", "sentence"),
    [
        (CSV, "", "The request holds no row: one or more are expected."),
        (JSON, '{"instances": []}', "The request holds no row: one or more are expected."),
        (JSON, '{"columns": {"hour": [], "carrier": []}}', "The request holds no row: one or more are expected."),
        (CSV, "7,AA\n", "Row 1 has 2 fields: 3 are expected (hour, carrier, wind)."),
        (CSV, "7,AA,1\n\n", "Row 2 has 0 fields: 3 are expected (hour, carrier, wind)."),
        (
            CSV,
            "hour,carrier,wind\n7,AA,1\n",
            "The first row names the columns: say so with the Content-Type 'text/csv; header=present'.",
        ),
        (
            "text/csv; header=present",
            "hour,carrier,rain\n",
            "The request has the unknown column 'rain': expected are hour, carrier, wind.",
        ),
        ("text/csv; header=present", "hour,wind\n7,1\n", "The request lacks the column 'carrier'"),
        ("text/csv; header=present", "hour,hour,carrier\n7,7,AA\n", "The request names a column twice"),
        (CSV, b"\xff\xfe", "The body is no CSV in UTF-8"),
        (CSV, '7,"AA,1\n', "The body is no CSV in UTF-8: unexpected end of data."),
        (JSON, "{", "The body is no JSON: Expecting property name"),
        (JSON, b"\xff", "The body is no JSON"),
        (
            JSON,
            '{"instances": [{"hour": 7, "hour": 8}]}',
            "The body is no JSON: the name 'hour' comes twice in one object.",
        ),
        (JSON, '{"columns": {"hour": [7], "carrier": ["\\ud800"]}}', "Row 1, column 'carrier': '\\ud800' came"),
        (JSON, '\ufeff{"columns": {}}', "The body is no JSON: Unexpected UTF-8 BOM"),
        (JSON_LINES, "", "The request holds no row: one or more are expected."),
        (JSON_LINES, '{"hour": 7, "carrier": "AA"}\n{', "Row 2 is no JSON: Expecting property name"),
        (JSON_LINES, "[7]", "Row 1 is [7]: an object of columns and values is expected."),
        (JSON, "[" * 100_000, "The body is no JSON: maximum recursion depth"),
        (JSON, '{"columns": {"hour": [NaN]}}', "The body is no JSON: NaN is no JSON number."),
        (JSON, "1" * 5000, "The body is no JSON: Exceeds the limit"),
        (JSON, "[1]", "The JSON body has another shape than"),
        (JSON, '{"instances": [{}], "columns": {}}', "The JSON body has another shape than"),
        (JSON, '{"instances": [[7, "AA"]]}', "Row 1 is [7, 'AA']: an object of columns and values is expected."),
        (
            JSON,
            '{"instances": [{"hour": 7, "carrier": "AA"}, {"hour": 7}]}',
            "Row 2 lacks the column 'carrier': expected are hour, carrier, wind.",
        ),
        (JSON, '{"columns": {"hour": 7, "carrier": ["AA"]}}', "The column 'hour' is 7: a list of values is expected."),
        (JSON, '{"columns": {"hour": [7], "carrier": []}}', "The columns differ in length ({'hour': 1, 'carrier': 0})"),
        (
            JSON,
            '{"columns": {"hour": [true], "carrier": ["AA"]}}',
            "Row 1, column 'hour': True came, a string, a number or null is expected.",
        ),
        (JSON, '{"columns": {"hour": [1, {}], "carrier": ["AA", ""]}}', "Row 2, column 'hour': {} came"),
        (JSON, '{"columns": {"hour": [1e400], "carrier": ["AA"]}}', "Row 1, column 'hour': inf came"),
        (
            JSON,
            f'{{"columns": {{"hour": [{2**63}], "carrier": ["AA"]}}}}',
            "Row 1, column 'hour': 9223372036854775808 came",
        ),
    ],
)
def test_bad_input_is_400_and_a_sentence(content_type, body, sentence):
    with pytest.raises(RequestError) as caught:
        read(body, content_type)
    assert caught.value.status == 400
    assert str(caught.value).startswith(sentence)


json_values = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.none(), max_size=1)
)
json_rows = st.lists(st.dictionaries(st.sampled_from(["hour", "carrier", "wind", "a:b"]), json_values), max_size=3)


@given(json_rows, st.booleans(), st.sampled_from(["", "\ufeff", " ", ",", "}"]))
@example([{"hour": 2**64, "carrier": "AA"}], False, "")  # noqa: FBT003 -- one body
@example([{"hour": 2**63, "carrier": "a:b"}], False, "")  # noqa: FBT003
@example([{"hour": 1e300, "carrier": "\ud800"}], False, "")  # noqa: FBT003
def test_the_quick_way_reads_json_as_the_exact_one_does(rows, ascii_only, after):
    text = json.dumps({"instances": rows}, ensure_ascii=not ascii_only) + after
    for body in (text, text.replace("hour", "wind"), text.replace("NaN", "1e400")):
        outcomes = []
        for library in (reading_json.orjson, None):
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(reading_json, "orjson", library)
                try:
                    outcomes.append(repr(reading_json.read(body.encode(errors="surrogatepass"), SCHEMA)))
                except RequestError as error:
                    outcomes.append(str(error))
        assert outcomes[0] == outcomes[1]


@given(
    st.dictionaries(st.sampled_from(["hour", "carrier", "wind", "a:b"]), json_values), st.sampled_from(["", ",", "}"])
)
@example({"hour": 7, "carrier": "AA"}, "")
@example({"hour": 7, "carrier": "AA", "wind": 2**63}, "")
@example({"hour": 7, "carrier": "{"}, "")
def test_a_row_read_alone_is_the_one_that_the_exact_way_reads(row, after):
    body = (json.dumps({"instances": [row]}) + after).encode()
    values = read_row(body, JSON, SCHEMA)
    if values is not None and {"hour", "carrier"} <= set(row):
        assert read(body) == {name: [value] for name, value in zip(("hour", "carrier", "wind"), values, strict=True)}


@pytest.mark.parametrize(
    ("content_type", "body", "values"),
    [
        (CSV, "7, AA ,", ["7", " AA ", ""]),
        ("text/csv; header=absent", "7,AA,1\n", ["7", "AA", "1"]),
        (JSON, '{"instances": [{"wind": 1.5, "hour": 7, "carrier": "AA"}]}', [7, "AA", 1.5]),
        (JSON, '{"instances": [{"carrier": null}]}', [None, None, None]),
    ],
)
def test_a_plain_row_is_read_alone(content_type, body, values):
    assert read_row(body.encode(), content_type, SCHEMA) == values


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, '{"instances": [{"hour": 7, "carrier": "AA"}, {"hour": 8, "carrier": "AA"}]}'),
        (JSON, '{"columns": {"hour": [7], "carrier": ["AA"]}}'),
        (JSON, '{"instances": [{"hour": 7, "carrier": "AA"}], "more": 1}'),
        (JSON_LINES, '{"hour": 7, "carrier": "AA"}'),
        ("text/csv; header=present", "hour,carrier,wind\n7,AA,\n"),
        (CSV, "7,AA,\n8,AA,\n"),
        (CSV, '7,"AA",\n'),
    ],
)
def test_what_is_no_plain_row_is_left_to_the_exact_way(content_type, body):
    assert read_row(body.encode(), content_type, SCHEMA) is None


NAMES = ["hour", "carrier", "wind", "rain"]
instances = st.permutations(NAMES).flatmap(
    lambda names: st.lists(
        st.sampled_from([names[:2], names[:3], names[2::-1]]).map(
            lambda chosen: dict(zip(chosen, range(4), strict=False))
        )
        | st.just([7]),
        max_size=3,
    )
)


@given(instances)
@example([{"wind": 1, "hour": 2, "carrier": 3}] * 2)
@example([{"carrier": 1, "hour": 2}] * 2)
def test_instances_of_the_same_names_are_read_as_those_that_differ(rows):
    outcomes = []
    for alike in (reading_json._alike, lambda *_: None):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(reading_json, "_alike", alike)
            try:
                outcomes.append(repr(reading_json.read(json.dumps({"instances": rows}).encode(), SCHEMA)))
            except RequestError as error:
                outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_a_long_value_is_cut_in_its_sentence():
    with pytest.raises(RequestError) as caught:
        read(json.dumps({"instances": ["x" * 1000]}))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "text/csv; header=maybe", ";"]
)
def test_another_content_type_is_415(content_type):
    with pytest.raises(RequestError, match="is not supported: application/json, text/csv, ") as caught:
        read("", content_type)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/x-ndjson", JSON_LINES),
        ("application/jsonlines;q=0.9, text/csv;q=0.8", JSON_LINES),
        ("application/json; explain=contributions", JSON),
        ("application/json; explain=words, text/csv", CSV),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", CSV),
        ("text/csv", CSV),
        ("text/csv; header=present", "text/csv; header=present"),
        ("text/html, text/csv;q=0.5, application/json;q=0.9", JSON),
        ("application/json;q=0, text/csv;q=0.1", CSV),
        ("application/json;q=nonsense, text/csv", CSV),
    ],
)
def test_the_answer_is_what_is_wanted_most(accept, media_type):
    assert choose_answer(accept) == media_type


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/json;q=0", "application/json; explain=words", "text/csv; explain=contributions"],
)
def test_an_answer_that_cannot_be_given_is_406(accept):
    with pytest.raises(RequestError, match="cannot be given as") as caught:
        choose_answer(accept)
    assert caught.value.status == 406


PREDICTIONS: list[dict[str, object]] = [{"probability": 0.25, "late": False}, {"probability": None, "late": True}]


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (JSON, b'{"predictions":[{"probability":0.25,"late":false},{"probability":null,"late":true}]}'),
        (JSON_LINES, b'{"probability":0.25,"late":false}\n{"probability":null,"late":true}\n'),
        (CSV, b"0.25,false\n,true\n"),
        ("text/csv; header=present", b"probability,late\n0.25,false\n,true\n"),
    ],
)
def test_answers_are_written(media_type, body):
    assert write_answer(PREDICTIONS, media_type) == body


def test_an_answer_that_json_cannot_say_is_our_fault():
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_answer([{"probability": float("nan")}], JSON)


@pytest.mark.parametrize("body", ['{"instances": [%s]}', "%s"])
def test_unknown_names_are_passed_over_where_the_schema_says_so(body):
    lenient = TypedSchema(SCHEMA.columns, unknown="ignore")  # type: ignore[arg-type]
    row = '{"hour": 7, "carrier": "AA", "rain": 3}'
    kind = JSON if "instances" in body else JSON_LINES
    assert read_batch((body % row).encode(), kind, lenient) == {"hour": [7], "carrier": ["AA"], "wind": [None]}
    columns = '{"columns": {"hour": [7], "rain": [3], "carrier": ["AA"]}}'
    assert read_batch(columns.encode(), JSON, lenient) == {"hour": [7], "carrier": ["AA"]}
