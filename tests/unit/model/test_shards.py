"""One machine or several: the same files, the same report."""

import hashlib
import shutil
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.unit.model import raw_months

from model import join, prepare, prepare_shard

QUARANTINE = {"bad_rows": "quarantine"}


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def names(raw: Path) -> list[str]:
    return [path.relative_to(raw).as_posix() for path in raw.rglob("*.parquet")]


def shard(raw: Path, into: Path, number: int, count: int) -> Path:
    """Give a machine what S3 gives it by key: every `count`-th file of the flights, all of the rest."""
    shutil.copytree(raw, into)
    for position, file in enumerate(sorted((into / "flights").iterdir())):
        if position % count != number:
            file.unlink()
    return into


@pytest.mark.parametrize("count", [2, 3, 4])
def test_several_machines_write_what_one_writes(raw: Path, tmp_path: Path, count: int):
    raw_months.rewrite(raw / "planes.parquet", seats=[0, *range(51, 70), None])
    parameters = QUARANTINE | {"bad_rows_percent": "5"}
    alone, together = tmp_path / "alone", tmp_path / "together"
    report = prepare(raw, alone, parameters)
    for number in range(count):
        prepare_shard(shard(raw, tmp_path / f"raw{number}", number, count), together, parameters, names(raw))
    joined = join(together / "counted", together, names(raw))
    assert joined == report
    shutil.rmtree(together / "counted")
    assert hashes(together) == hashes(alone)
    assert "quarantine/planes.parquet" in hashes(together)


def test_days_write_what_their_month_writes(raw: Path, tmp_path: Path):
    month = prepare(raw, tmp_path / "month", {})
    file = raw / "flights" / "2013-04.parquet"
    table = pq.read_table(file)
    for day in range(1, 31):
        pq.write_table(table.filter(pc.field("day") == day), file.with_name(f"2013-04-{day:02d}.parquet"))
    file.unlink()
    days = prepare(raw, tmp_path / "days", {})
    assert days["months"] == month["months"]
    test = [pq.read_table(tmp_path / run / "test") for run in ("month", "days")]
    assert test[0].equals(test[1])


def test_a_file_that_no_machine_prepared_is_named(raw: Path, tmp_path: Path):
    prepare_shard(shard(raw, tmp_path / "raw0", 0, 2), tmp_path / "out", {}, names(raw))
    with pytest.raises(ValueError, match=r"flights/2013-02\.parquet was prepared by no shard"):
        join(tmp_path / "out/counted", tmp_path / "out", names(raw))


def test_a_shard_without_files_says_so(raw: Path, tmp_path: Path):
    empty = shard(raw, tmp_path / "raw9", 9, 10)
    with pytest.raises(ValueError, match=r"no file flights/\*\.parquet"):
        prepare_shard(empty, tmp_path / "out", {}, names(raw))
