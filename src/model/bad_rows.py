"""Rows that are not as expected: named by file and row, and refused or put aside, as the parameters say.

`bad_rows` is `refuse` (the default) or `quarantine`; `bad_rows_percent` is how many rows of a file may be put aside
before the file itself is refused (1 by default): a file of which half is wrong is another file.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from model import storage
from model.schema import shown

_KNOWN = {"bad_rows": "refuse", "bad_rows_percent": "1"}
REMEDY = "Correct the row, or set the parameter bad_rows to quarantine: then it is put aside and counted"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: which column, what came, what was expected."""

    column: str
    came: str
    expected: str

    def sentence(self, file: str, row: int) -> str:
        """Say it, with the row counted from 1."""
        return f"{file}, row {row + 1}, column {self.column!r}: {self.came} came, {self.expected} was expected"


@dataclass(frozen=True)
class Policy:
    """What happens to bad rows."""

    quarantine: bool = False
    percent: float = 1.0

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> "Policy":
        """Read the parameters; raises ValueError for an unknown one and for a wrong value."""
        for name in sorted(parameters.keys() - _KNOWN.keys()):
            raise ValueError(f"parameter {name!r} is not known: this model's prepare takes {', '.join(_KNOWN)}")
        told = _KNOWN | dict(parameters)
        if told["bad_rows"] not in {"refuse", "quarantine"}:
            raise ValueError(f"parameter 'bad_rows' is {told['bad_rows']!r}: refuse or quarantine was expected")
        percent = told["bad_rows_percent"]
        if not percent.replace(".", "", 1).isdecimal() or not 0 <= float(percent) <= 100:
            raise ValueError(f"parameter 'bad_rows_percent' is {percent!r}: a number from 0 to 100 was expected")
        return cls(told["bad_rows"] == "quarantine", float(percent))


@dataclass
class Faults:
    """The first fault of each bad row of one batch."""

    rows: int
    found: dict[int, Fault] = field(default_factory=dict)

    def require(self, ok: npt.NDArray[np.bool_], column: str, came: Callable[[int], object], expected: str) -> None:
        """Note the rows that are not `ok`; `came(row)` is what stands there, NaN and None being nothing."""
        if ok.all():
            return
        for row in np.flatnonzero(~ok).tolist():
            value = came(row)
            text = shown(None) if value is None or value != value else _plain(value)  # noqa: PLR0124 -- NaN
            self.found.setdefault(row, Fault(column, text, expected))

    def good(self) -> npt.NDArray[np.bool_]:
        """Return which rows have none."""
        good = np.ones(self.rows, dtype=bool)
        good[list(self.found)] = False
        return good


class BadRows:
    """The bad rows of one raw file, in the order in which they are found."""

    def __init__(self, file: Path, name: str, rows: int, policy: Policy) -> None:
        self._file, self._name, self._policy = file, name, policy
        self._most = rows * policy.percent / 100
        self._found: dict[int, Fault] = {}

    def add(self, faults: Faults, start: int) -> None:
        """Note those of the batch that begins at row `start`; raises ValueError where they are refused, or too many."""
        if faults.found and not self._policy.quarantine:
            row = min(faults.found)
            raise ValueError(f"{faults.found[row].sentence(self._name, start + row)}. {REMEDY}")
        self._found.update({start + row: faults.found[row] for row in sorted(faults.found)})
        if len(self._found) > self._most:
            row, fault = next(iter(self._found.items()))
            raise ValueError(
                f"{self._name}: {len(self._found)} bad rows came, at most {self._policy.percent:g} % may be put "
                f"aside (parameter bad_rows_percent). The first: {fault.sentence(self._name, row)}"
            )

    def keep(self, into: Path) -> dict[str, int]:
        """Write them, whole, with row and reason, to into/<the file's name>; return how many by column."""
        if self._found:
            with pq.ParquetFile(self._file) as parquet, storage.whole(into / self._name) as path:
                self._write(parquet, path)
        return dict(sorted(Counter(fault.column for fault in self._found.values()).items()))

    def _write(self, parquet: pq.ParquetFile, path: Path) -> None:
        # The schema of the raw file and two columns more: corrected, they are raw rows again.
        rows = np.array(sorted(self._found), dtype=np.int64)
        fields = [pa.field("bad_row", pa.int64()), pa.field("bad_reason", pa.string())]
        schema = pa.schema([*parquet.schema_arrow, *fields])
        start = 0
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in parquet.iter_batches(batch_size=1 << 14):
                here = rows[(rows >= start) & (rows < start + batch.num_rows)]
                if len(here):
                    taken = batch.take(here - start)
                    reasons = [self._found[row].sentence(self._name, row) for row in here.tolist()]
                    columns = [*taken.columns, pa.array(here + 1), pa.array(reasons)]
                    writer.write_batch(pa.record_batch(columns, schema=schema))
                start += batch.num_rows


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else shown(value)
