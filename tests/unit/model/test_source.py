from pathlib import Path

import pyarrow.parquet as pq
import pytest

from model import write_raw
from model.source import DEMO_MONTHS, MONTHS


def test_each_month_is_a_file_and_the_same_months_give_the_same_bytes(tmp_path: Path):
    paths = write_raw(tmp_path / "a", ["2013-02"])
    assert [str(path.relative_to(tmp_path / "a")) for path in paths] == [
        "planes.parquet",
        "flights/2013-02.parquet",
        "weather/2013-02.parquet",
    ]
    assert set(pq.read_table(paths[1])["month"].to_pylist()) == {2}
    again = write_raw(tmp_path / "b", ["2013-02", "2013-02"])
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_the_demo_starts_with_january_to_august():
    assert (DEMO_MONTHS[0], DEMO_MONTHS[-1], MONTHS[-1]) == ("2013-01", "2013-08", "2013-12")


def test_a_month_that_the_source_does_not_have_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="month '2014-01' is not in the source, which has 2013-01 to 2013-12"):
        write_raw(tmp_path, ["2014-01"])
    assert list(tmp_path.iterdir()) == []
