"""Rows and files that are not as expected: named, refused or put aside, and never half of an output."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.model import raw_months

from model import prepare
from model.bad_rows import Policy
from model.storage import DiskFullError, whole

QUARANTINE = {"bad_rows": "quarantine"}
FILE = "flights/2013-01.parquet"


def spoil(raw: Path, column: str, rows: dict[int, object], file: str = FILE) -> None:
    values = pq.read_table(raw / file)[column].to_pylist()
    for row, value in rows.items():
        values[row - 1] = value
    raw_months.rewrite(raw / file, **{column: values})


def splits(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("t*/*"))


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("day", 32, r"row 7, column 'day': 32 came, an integer from 1 to 31 was expected"),
        ("sched_dep_time", 1275, r"row 7, column 'sched_dep_time': 1275 came, a local time as HHMM"),
        ("sched_arr_time", 10.5, r"row 7, column 'sched_arr_time': 10\.5 came, an integer from 0 to 2359"),
        ("month", 2, r"row 7, column 'month': 2 came, 1 \(the file is 2013-01\) was expected"),
        ("origin", " ", r"row 7, column 'origin': nothing came, a string that is not empty was expected"),
        ("distance", -1, r"row 7, column 'distance': -1 came, a number from 0 to 13000 was expected"),
        ("time_hour", None, r"row 7, column 'time_hour': nothing came, a time in 2013-01, two days more or less was"),
        (
            "arr_delay",
            float("inf"),
            r"row 7, column 'arr_delay': inf came, a number of minutes or nothing was",
        ),
    ],
)
def test_a_bad_row_is_named_by_file_and_row(raw: Path, tmp_path: Path, column: str, value, sentence: str):
    spoil(raw, column, {7: value})
    with pytest.raises(ValueError, match=rf"^flights/2013-01\.parquet, {sentence}"):
        prepare(raw, tmp_path / "out", {})
    assert splits(tmp_path / "out") == []


def test_a_day_that_the_month_does_not_have_is_a_bad_row(raw: Path, tmp_path: Path):
    spoil(raw, "day", {3: 30}, "flights/2013-02.parquet")
    with pytest.raises(ValueError, match=r"2013-02\.parquet, row 3, column 'day': 30 came, a day that the month has"):
        prepare(raw, tmp_path / "out", {})


def test_bad_rows_are_put_aside_counted_and_kept_as_they_came(raw: Path, tmp_path: Path):
    before = pq.read_table(raw / FILE).to_pylist()
    spoil(raw, "day", {7: 32})
    spoil(raw, "carrier", {9: None})
    out = tmp_path / "out"
    report = prepare(raw, out, QUARANTINE)
    assert report["quarantined"] == {"rows": 2, "files": {FILE: {"carrier": 1, "day": 1}}}
    assert report["scheduled"] == report["rows"] + report["without_arrival"] + 2
    aside = pq.read_table(out / "quarantine" / FILE).to_pylist()
    assert [row.pop("bad_row") for row in aside] == [7, 9]
    assert aside[0].pop("bad_reason").startswith(f"{FILE}, row 7, column 'day': 32 came")
    assert aside[0] == before[6] | {"day": 32}
    assert "bad rows, put aside" in (out / "report" / "report.html").read_text()


def test_what_is_put_aside_leaves_the_other_rows_as_they_are(raw: Path, tmp_path: Path):
    prepare(raw, tmp_path / "before", {})
    rows = pq.read_table(raw / FILE).to_pylist()
    arrived = [number for number, row in enumerate(rows, start=1) if row["arr_delay"] is not None]
    spoil(raw, "day", {arrived[0]: 32})
    prepare(raw, tmp_path / "after", QUARANTINE)
    name = Path("train/2013-01.parquet")
    assert pq.read_table(tmp_path / "after" / name).equals(pq.read_table(tmp_path / "before" / name).slice(1))


def test_too_many_bad_rows_refuse_the_file(raw: Path, tmp_path: Path):
    spoil(raw, "day", dict.fromkeys(range(1, 21), 32))
    with pytest.raises(
        ValueError, match=r"2013-01\.parquet: 20 bad rows came, at most 1 % may be put aside .* row 1, "
    ):
        prepare(raw, tmp_path / "out", QUARANTINE)
    assert prepare(raw, tmp_path / "out", QUARANTINE | {"bad_rows_percent": "10"})["quarantined"]["rows"] == 20


def test_an_observation_that_no_flight_is_given_refuses_nothing(raw: Path, tmp_path: Path):
    # As in the real February: 1,048 miles an hour at three in the morning.
    spoil(raw, "wind_speed", {3: 1048.0}, "weather/2013-01.parquet")
    assert prepare(raw, tmp_path / "out", {})["quarantined"]["rows"] == 0
    aside = prepare(raw, tmp_path / "aside", QUARANTINE)["quarantined"]
    assert aside == {"rows": 1, "files": {"weather/2013-01.parquet": {"wind_speed": 1}}}
    assert pq.read_table(tmp_path / "aside/quarantine/weather/2013-01.parquet")["bad_row"].to_pylist() == [3]


@pytest.mark.parametrize("column", ["precip", "visib", "pressure"])
def test_an_observation_that_flights_are_given_hours_later_is_named(raw: Path, tmp_path: Path, column: str):
    # At two in the morning: the flights at six are given the rain and the worst sight since midnight, and what the
    # pressure has become since two.
    spoil(raw, column, {3: -1.0}, "weather/2013-01.parquet")
    with pytest.raises(ValueError, match=rf"^weather/2013-01\.parquet, row 3, column '{column}': -1 came"):
        prepare(raw, tmp_path / "out", {})


def test_a_pressure_between_two_that_flights_are_given_refuses_nothing(raw: Path, tmp_path: Path):
    spoil(raw, "pressure", {4: -1.0}, "weather/2013-01.parquet")
    assert prepare(raw, tmp_path / "out", {})["quarantined"]["rows"] == 0


def test_a_plane_that_cannot_be_is_named(raw: Path, tmp_path: Path):
    spoil(raw, "seats", {2: 0}, "planes.parquet")
    with pytest.raises(ValueError, match=r"^planes\.parquet, row 2, column 'seats': 0 came, an integer from 1 to 1000"):
        prepare(raw, tmp_path / "out", {})


@pytest.mark.parametrize("column", ["origin", "time_hour"])
def test_an_observation_without_place_or_time_is_refused(raw: Path, tmp_path: Path, column: str):
    spoil(raw, column, {5: None}, "weather/2013-02.parquet")
    with pytest.raises(ValueError, match=rf"^weather/2013-02\.parquet, row 5, column '{column}': nothing came"):
        prepare(raw, tmp_path / "out", {})


def test_a_column_whose_type_changes_between_months_is_named_with_both(raw: Path, tmp_path: Path):
    rows = pq.read_metadata(raw / "flights/2013-03.parquet").num_rows
    raw_months.rewrite(raw / "flights/2013-03.parquet", distance=["far"] * rows)
    with pytest.raises(
        ValueError,
        match=r"^flights/2013-03\.parquet, column 'distance': it holds string, numbers were expected; in "
        r"flights/2013-01\.parquet it holds int64$",
    ):
        prepare(raw, tmp_path / "out", {})
    assert splits(tmp_path / "out") == []  # before anything is written


@pytest.mark.parametrize("delays", ["none", "no rows"])
def test_a_file_without_arrivals_is_named(raw: Path, tmp_path: Path, delays: str):
    file = raw / "flights/2013-04.parquet"
    table = pq.read_table(file)
    if delays == "none":
        raw_months.rewrite(file, arr_delay=pa.nulls(table.num_rows, pa.int64()).to_pylist())
    else:
        pq.write_table(table.slice(0, 0), file)
    with pytest.raises(ValueError, match=r"^flights/2013-04\.parquet holds no flight that arrived \(\d+ rows\)"):
        prepare(raw, tmp_path / "out", {})
    assert "test/2013-04.parquet" not in splits(tmp_path / "out")


def test_a_file_is_called_after_what_it_holds(raw: Path, tmp_path: Path):
    (raw / "flights/2013-04.parquet").rename(raw / "flights/april.parquet")
    with pytest.raises(ValueError, match=r"flights/april\.parquet: a file is called after the month or the day"):
        prepare(raw, tmp_path / "out", {})


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"bad_rows": "ignore"}, "parameter 'bad_rows' is 'ignore': refuse or quarantine was expected"),
        ({"bad_rows_percent": "all"}, "parameter 'bad_rows_percent' is 'all': a number from 0 to 100 was expected"),
        ({"bad_rows_percent": "101"}, "is '101': a number from 0 to 100"),
        ({"bad_row": "refuse"}, "parameter 'bad_row' is not known: this model's prepare takes bad_rows, bad_rows_perc"),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, str], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        Policy.parse(parameters)


@contextmanager
def small_disk() -> Iterator[None]:
    """No file of this process may have more than 4 KB: what a full disk answers, but for the number of the error."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_named_and_leaves_no_half_of_a_file(raw: Path, tmp_path: Path):
    sentence = r"no space to write train/2013-01\.parquet: \d+ MB are free in .* volume"
    with small_disk(), pytest.raises(DiskFullError, match=sentence):
        prepare(raw, tmp_path / "out", {})
    assert splits(tmp_path / "out") == []


def half_written(path: Path) -> None:
    with whole(path) as aside:
        aside.write_text("sec")
        (path / "of no folder").read_text()


def test_a_file_is_whole_or_what_it_was(tmp_path: Path):
    path = tmp_path / "file"
    with whole(path) as aside:
        aside.write_text("first")
    with pytest.raises(NotADirectoryError):
        half_written(path)
    assert path.read_text() == "first"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_each_file_that_is_done_says_so_in_one_line(raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    prepare(raw, tmp_path / "out", {})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["file"], line["number"], line["of"]) for line in lines] == [
        ("prepared", f"flights/{month}.parquet", number, 4) for number, month in enumerate(raw_months.MONTHS, start=1)
    ]
    assert lines[-1]["seconds_left"] == 0
    assert all(line["rows_per_second"] > 0 for line in lines)
