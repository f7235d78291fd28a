"""What the model gets of a record, and what is written of record and answer."""

import pytest

from fairway.twin.runtime.transform_joining import Joining
from fairway.twin.runtime.transform_records import RecordError


def joining(kind: str, input_filter: str = "$", output_filter: str = "$", join: str = "Input") -> Joining:
    given = {"InputFilter": input_filter, "OutputFilter": output_filter, "JoinSource": join}
    return Joining.of({"TransformInput": {"ContentType": kind}, "DataProcessing": given})


def test_nothing_asked_for_leaves_all_as_it_is():
    idle = Joining.of({"TransformInput": {}})
    assert idle.request([b"\xff1\n", b"2"]) == b"\xff1\n2"
    assert idle.output([b"1"], b"\xff") == b"\xff"


def test_csv_is_filtered_by_columns_and_joined_at_its_end():
    both = joining("text/csv; header=absent", "$[1:]", "$[0,-1]")
    records = [b'id1,"a,b",2\n', b"id2,c,3\n"]
    assert both.request(records) == b'"a,b",2\nc,3\n'
    assert both.output(records, b"0.5\n0.25\n") == b"id1,0.5\nid2,0.25\n"
    assert joining("text/csv").output(records, b"0.5,x\n0.25,y") == b'id1,"a,b",2,0.5,x\nid2,c,3,0.25,y\n'


def test_one_column_is_a_row_of_one():
    assert joining("text/csv", "$[1]").request([b"1,2,3\n"]) == b"2\n"


def test_objects_gain_an_attribute_and_others_become_objects():
    lines = joining("application/jsonlines", "$.x", "$['id','SageMakerOutput']")
    records = [b'{"id": 1, "x": [1]}\n', b'{"id": 2, "x": [2]}\n']
    assert lines.request(records) == b"[1]\n[2]"
    assert lines.output(records, b'{"y": 1}\n{"y": 2}\n') == (
        b'{"id": 1, "SageMakerOutput": {"y": 1}}\n{"id": 2, "SageMakerOutput": {"y": 2}}'
    )
    whole = joining("application/json")
    assert whole.output([b"[1, 2]"], b'{\n"y": 3}') == b'{"SageMakerInput": [1, 2], "SageMakerOutput": {"y": 3}}'


def test_without_a_join_the_output_filter_takes_of_the_answers():
    assert joining("text/csv", output_filter="$[0]", join="None").output([b"1\n"], b"7,8\n") == b"7\n"


@pytest.mark.parametrize(
    ("kind", "records", "answer", "said"),
    [
        ("text/csv", [b"1\n", b"2\n"], b"0.5\n", "answered 1 records to 2"),
        ("application/jsonlines", [b"{}"], b"no json", "no application/jsonlines"),
        ("text/csv", [b"1\n"], b"\xff\n", "no text/csv"),
    ],
)
def test_what_cannot_be_joined_is_said(kind, records, answer, said):
    with pytest.raises(RecordError, match=said):
        joining(kind).output(records, answer)


def test_an_index_outside_of_the_record_is_said():
    with pytest.raises(RecordError, match=r"takes element 9 of 3"):
        joining("text/csv", output_filter="$[9]").output([b"1,2\n"], b"3\n")
