from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.model import raw_months

from model import prepare
from model.flights import LABEL, SCHEMA

KNOWN_AFTER_DEPARTURE = ("dep_time", "dep_delay", "arr_time", "air_time")


def splits(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.glob("*/*.parquet"))}


def features(folder: Path) -> dict[str, object]:
    return {
        str(file.relative_to(folder)): pq.read_table(file).drop_columns([LABEL]).to_pydict()
        for file in sorted(folder.glob("*/*.parquet"))
    }


def test_the_last_month_tests_and_the_one_before_validates(raw: Path, tmp_path: Path):
    report = prepare(raw, tmp_path / "out", {})
    assert {name: split["months"] for name, split in report["splits"].items()} == {
        "train": ["2013-01", "2013-02"],
        "validation": ["2013-03"],
        "test": ["2013-04"],
    }
    assert list(splits(tmp_path / "out")) == [
        "test/2013-04.parquet",
        "train/2013-01.parquet",
        "train/2013-02.parquet",
        "validation/2013-03.parquet",
    ]


def test_the_same_raw_months_give_the_same_bytes(raw: Path, tmp_path: Path):
    first, second = prepare(raw, tmp_path / "a", {}), prepare(raw, tmp_path / "b", {})
    assert first == second
    assert splits(tmp_path / "a") == splits(tmp_path / "b")
    reports = [(tmp_path / name / "report" / "report.html").read_bytes() for name in ("a", "b")]
    assert reports[0] == reports[1]


def test_a_split_holds_the_schema_and_the_label_and_nothing_else(data: Path):
    for file in data.glob("*/*.parquet"):
        assert pq.read_schema(file).names == [*SCHEMA.names, LABEL]


@pytest.mark.parametrize("column", KNOWN_AFTER_DEPARTURE)
@pytest.mark.parametrize("change", ["permuted", "nulled", "dropped"])
def test_nothing_known_after_departure_reaches_a_split(raw: Path, tmp_path: Path, column: str, change: str):
    prepare(raw, tmp_path / "before", {})
    for file in (raw / "flights").iterdir():
        values = pq.read_table(file)[column].to_pylist()
        shuffled = [values[row] for row in np.random.default_rng(1).permutation(len(values))]
        assert shuffled != values
        new = {"permuted": shuffled, "nulled": [None] * len(values), "dropped": None}[change]
        raw_months.rewrite(file, **{column: new})
    prepare(raw, tmp_path / "after", {})
    assert splits(tmp_path / "after") == splits(tmp_path / "before")


def test_the_arrival_delay_makes_the_label_and_no_feature(raw: Path, tmp_path: Path):
    prepare(raw, tmp_path / "before", {})
    for file in (raw / "flights").iterdir():
        delays = pq.read_table(file)["arr_delay"].to_pylist()
        raw_months.rewrite(file, arr_delay=[None if delay is None else 15 - delay for delay in delays])
    prepare(raw, tmp_path / "after", {})
    assert features(tmp_path / "after") == features(tmp_path / "before")
    assert splits(tmp_path / "after") != splits(tmp_path / "before")


def test_a_cancelled_flight_has_no_row_and_still_counts_in_the_schedule(raw: Path, tmp_path: Path):
    prepare(raw, tmp_path / "before", {})
    file = raw / "flights" / "2013-01.parquet"
    delays = pq.read_table(file)["arr_delay"].to_pylist()
    arrived = [row for row, delay in enumerate(delays) if delay is not None]
    raw_months.rewrite(file, arr_delay=[None if row == arrived[0] else delay for row, delay in enumerate(delays)])
    prepare(raw, tmp_path / "after", {})
    name = Path("train") / "2013-01.parquet"
    before, after = (pq.read_table(tmp_path / run / name) for run in ("before", "after"))
    assert after.equals(before.slice(1))


def test_late_is_fifteen_minutes(raw: Path, tmp_path: Path):
    file = raw / "flights" / "2013-04.parquet"
    rows = pq.read_table(file).num_rows
    raw_months.rewrite(file, arr_delay=[(14, 15)[row % 2] for row in range(rows)])
    prepare(raw, tmp_path / "out", {})
    late = pq.read_table(tmp_path / "out" / "test" / "2013-04.parquet")[LABEL].to_pylist()
    assert late == [row % 2 == 1 for row in range(rows)]


def test_the_weather_is_that_of_the_hour_before_the_scheduled_departure(data: Path):
    rows = pq.read_table(data / "train" / "2013-02.parquet").to_pylist()
    # In the made-up months the temperature is the local hour.
    assert {row["temp"] - row["sched_dep_time"] // 100 for row in rows} == {-1.0}
    # The rain that falls in the hour of ten is known to the flights of eleven, and for six hours.
    assert {row["sched_dep_time"] // 100 for row in rows if row["precip"] > 0} == {11}
    assert {row["sched_dep_time"] // 100 for row in rows if row["precip_6h"] > 0} == set(range(11, 17))
    assert {row["pressure_change_3h"] for row in rows} == {3.0}


def test_observations_of_the_departure_hour_and_later_change_nothing(raw: Path, tmp_path: Path):
    def departures_of_noon(run: str) -> list[dict[str, object]]:
        prepare(raw, tmp_path / run, {})
        rows = pq.read_table(tmp_path / run / "train" / "2013-01.parquet").to_pylist()
        return [row for row in rows if row["day"] == 10 and row["sched_dep_time"] == 1230]

    before = departures_of_noon("before")
    file = raw / "weather" / "2013-01.parquet"
    table = pq.read_table(file)
    times = table["time_hour"].to_numpy()
    # 12:00 in New York is 17:00 UTC.
    known = times < np.datetime64("2013-01-10T17:00")
    raw_months.rewrite(file, visib=np.where(known, table["visib"].to_numpy(), 0.0).tolist())
    assert before
    assert departures_of_noon("after") == before


def test_an_hour_without_observation_takes_the_last_one_and_a_long_gap_none(raw: Path, tmp_path: Path):
    file = raw / "weather" / "2013-01.parquet"
    table = pq.read_table(file)
    times = table["time_hour"].to_numpy()
    gap = (times >= np.datetime64("2013-01-10T13:00")) & (times < np.datetime64("2013-01-11T00:00"))
    pq.write_table(table.filter(pa.array(~gap)), file)
    prepare(raw, tmp_path / "out", {})
    rows = pq.read_table(tmp_path / "out" / "train" / "2013-01.parquet").to_pylist()
    temp = {row["sched_dep_time"] // 100: row["temp"] for row in rows if row["day"] == 10}
    # The last observation is that of 12:00 UTC, seven in New York: it serves until it is six hours old.
    assert temp[8] == temp[11] == 7.0
    assert temp[15] is None


def test_a_plane_that_the_registry_does_not_have_is_missing(data: Path):
    rows = pq.read_table(data / "train" / "2013-01.parquet").to_pylist()
    seats = {row["plane_seats"] for row in rows}
    assert None in seats
    assert seats - {None} <= set(range(50, 70))


def test_scheduled_departures_are_counted_by_origin_and_hour(raw: Path, tmp_path: Path):
    raw_months.write(raw, flights_a_day=28)  # 14 hours, two flights in each, both at one airport
    prepare(raw, tmp_path / "out", {})
    assert set(pq.read_table(tmp_path / "out" / "test" / "2013-04.parquet")["origin_departures"].to_pylist()) == {2}


def test_the_report_counts_what_came(raw: Path, tmp_path: Path):
    report = prepare(raw, tmp_path / "out", {})
    rows = sum(pq.read_metadata(file).num_rows for file in (tmp_path / "out").glob("*/*.parquet"))
    assert report["rows"] == rows
    assert report["scheduled"] - report["without_arrival"] == rows
    assert report["numbers"]["wind_gust"]["missing"] == rows
    assert report["categories"]["origin"]["distinct"] == 2
    html = (tmp_path / "out" / "report" / "report.html").read_text()
    assert "<svg" in html
    assert "http" not in html.replace('xmlns="http://www.w3.org/2000/svg"', "").replace(
        'xmlns:xlink="http://www.w3.org/1999/xlink"', ""
    )


def broken_column(raw: Path) -> None:
    raw_months.rewrite(raw / "flights" / "2013-02.parquet", carrier=None)


def wrong_type(raw: Path) -> None:
    rows = pq.read_metadata(raw / "weather" / "2013-01.parquet").num_rows
    raw_months.rewrite(raw / "weather" / "2013-01.parquet", temp=["warm"] * rows)


def wrong_value(raw: Path) -> None:
    rows = pq.read_metadata(raw / "weather" / "2013-01.parquet").num_rows
    raw_months.rewrite(raw / "weather" / "2013-01.parquet", humid=[101.5] * rows)


def missing_value(raw: Path) -> None:
    rows = pq.read_metadata(raw / "flights" / "2013-01.parquet").num_rows
    raw_months.rewrite(raw / "flights" / "2013-01.parquet", dest=[None] * rows)


def missing_time(raw: Path) -> None:
    rows = pq.read_metadata(raw / "flights" / "2013-01.parquet").num_rows
    raw_months.rewrite(raw / "flights" / "2013-01.parquet", time_hour=[None] * rows)


def no_planes(raw: Path) -> None:
    (raw / "planes.parquet").unlink()


def no_weather(raw: Path) -> None:
    for file in (raw / "weather").iterdir():
        file.unlink()


def not_parquet(raw: Path) -> None:
    (raw / "flights" / "2013-03.parquet").write_text("year,month\n")


def two_months(raw: Path) -> None:
    for month in raw_months.MONTHS[2:]:
        (raw / "flights" / f"{month}.parquet").unlink()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (broken_column, r"flights/2013-02\.parquet has no column 'carrier': strings were expected"),
        (wrong_type, r"weather/2013-01\.parquet, column 'temp': it holds string, numbers were expected"),
        (
            wrong_value,
            r"weather/2013-01\.parquet, row \d+, column 'humid': 101\.5 came, a number from 0 to 100 was expected",
        ),
        (
            missing_value,
            r"flights/2013-01\.parquet, row 1, column 'dest': nothing came, a string that is not empty was",
        ),
        (missing_time, r"flights/2013-01\.parquet, column 'time_hour': .* timestamps were expected"),
        (no_planes, r"no file planes\.parquet"),
        (no_weather, r"no file weather/\*\.parquet"),
        (not_parquet, r"flights/2013-03\.parquet cannot be read as Parquet"),
        (two_months, r"are of 2 month\(s\) \(2013-01, 2013-02\): at least 3 months were expected"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_column(raw: Path, tmp_path: Path, spoil, sentence: str):
    spoil(raw)
    with pytest.raises(ValueError, match=sentence):
        prepare(raw, tmp_path / "out", {})


def test_an_unknown_parameter_is_refused(raw: Path, tmp_path: Path):
    with pytest.raises(ValueError, match="parameter 'months' is not known"):
        prepare(raw, tmp_path / "out", {"months": "3"})
