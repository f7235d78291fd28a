"""The registry of planes: when each was built, and its seats."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model import tables
from model.bad_rows import BadRows, Faults, Policy
from model.flights import SCHEMA
from model.schema import Numbers
from model.tables import NUMBER, TEXT

_COLUMNS = {"tailnum": TEXT, "year": NUMBER, "seats": NUMBER}
_EXPECTED = {column.name: column for column in SCHEMA.columns}


@dataclass(frozen=True)
class Planes:
    """Where each plane's values stand; the last ones (row -1) are for a plane that the registry does not have."""

    row_of: Mapping[str, int]
    columns: Mapping[str, Numbers]
    bad: Mapping[str, int]

    @classmethod
    def read(cls, raw: Path, policy: Policy, quarantine: Path) -> "Planes":
        """Read planes.parquet; of a plane that is there twice, the last row counts."""
        file = raw / "planes.parquet"
        known = tables.numpy_columns(tables.read_file(file, _COLUMNS))
        tails = known["tailnum"]
        faults = Faults(len(tails))
        faults.require(np.array([bool(tail) for tail in tails.tolist()]), "tailnum", lambda _: None, "a plane's number")
        columns: dict[str, Numbers] = {}
        for name in ("year", "seats"):
            values = columns[f"plane_{name}"] = np.asarray(known[name], dtype=np.float64)
            column = _EXPECTED[f"plane_{name}"]
            faults.require(column.allows(values), name, values.__getitem__, column.expected)
        bad = BadRows(file, file.name, len(tails), policy)
        bad.add(faults, 0)
        good = faults.good()
        row_of = {tail: row for row, tail in enumerate(tails[good].tolist())}
        return cls(row_of, {n: np.append(values[good], np.nan) for n, values in columns.items()}, bad.keep(quarantine))
