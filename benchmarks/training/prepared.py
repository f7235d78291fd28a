"""Prepared splits: whether two are the same, and what each of several hosts has of them."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq


def differences(first: Path, second: Path) -> list[str]:
    """Return where two preparations left something else, by file and column, floats to nine places."""
    found = []
    for file in sorted(first.glob("*/*.parquet")):
        other = second / file.relative_to(first)
        for name in pq.read_schema(file).names:
            here, there = (pq.read_table(each, columns=[name])[name].combine_chunks() for each in (file, other))
            if not here.equals(there.cast(here.type)) and not _near(here, there):
                found.append(f"{file.relative_to(first)}: {name}")
    return found


def _near(here: Any, there: Any) -> bool:
    if len(here) != len(there) or here.null_count != there.null_count:
        return False
    return bool(pc.max(pc.abs(pc.subtract(here, there))).as_py() < 1e-9)


def share(data: Path, places: Sequence[Path]) -> None:
    """Link training files in turns, as ShardedByS3Key does, and all of validation for each host."""
    for host, place in enumerate(places):
        shutil.rmtree(place, ignore_errors=True)
        for split, files in (("train", sorted((data / "train").iterdir())[host :: len(places)]), ("validation", None)):
            (place / split).mkdir(parents=True)
            for file in files if files is not None else (data / split).iterdir():
                (place / split / file.name).symlink_to(file)
