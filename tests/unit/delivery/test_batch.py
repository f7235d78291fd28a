import pytest

from fairway.delivery import batch
from fairway.errors import BatchInputError


@pytest.mark.parametrize(
    ("names", "content_type", "split"),
    [
        (["a.csv", "b.CSV"], "text/csv; header=absent", "Line"),
        (["day/a.jsonl"], "application/jsonlines", "Line"),
        (["a.json"], "application/json", "None"),
        (["a.parquet"], "application/vnd.apache.parquet", "None"),
    ],
)
def test_a_format_is_told_by_the_ends_of_names(names, content_type, split):
    found = batch.format_of(names, "s3://b/in/")
    assert (found.content_type, found.split) == (content_type, split)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "INPUT is s3://b/in/, and there is nothing"),
        (["a.csv", "b.json"], r"its files end in .csv, .json: files of one kind, .csv, .json, .jsonl, .parquet"),
        (["a.xlsx"], r"its files end in .xlsx"),
    ],
)
def test_other_files_are_refused(names, sentence):
    with pytest.raises(BatchInputError, match=sentence):
        batch.format_of(names, "s3://b/in/")


def test_files_without_a_byte_are_refused_for_a_job_would_succeed_with_nothing():
    batch.refuse_nothing("rows.csv", 1)
    with pytest.raises(BatchInputError, match=r"INPUT is rows.csv, and it is empty: one record or more is expected"):
        batch.refuse_nothing("rows.csv", 0)


def test_a_header_is_refused_for_only_the_first_piece_would_have_it(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("1,JFK\n2,LGA\n")
    batch.refuse_header(path, ["hour", "origin"])
    path.write_text("hour, origin\n1,JFK\n")
    with pytest.raises(BatchInputError, match="its first line names columns: records only"):
        batch.refuse_header(path, ["hour", "origin"])
    path.write_text("")
    batch.refuse_header(path, ["hour", "origin"])
