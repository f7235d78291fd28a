"""The prepared rows as XGBoost reads them: quantised in memory, or on disk where the memory would not hold them."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from model import tables
from model.boosting import xgb
from model.encoding import CATEGORIES, FEATURES, Counts, Encoder, Features
from model.flights import LABEL, number
from model.metrics import Labels
from model.splits import Split
from model.storage import DiskFullError

Months = npt.NDArray[np.int32]

BATCH_ROWS = 250_000
# Of a feature of a row, with all that XGBoost makes of it. Measured: 11.7 in memory (nine million rows), 9.05 on disk.
_BYTES_A_VALUE = 12
_BYTES_A_BIN = 10
_MEMORY_SHARE = 0.5
# A disk with less than this left is full.
_FULL_BYTES = 1 << 20


@dataclass(frozen=True)
class Encoded:
    """Rows as the trees see them, whether each was late, and its month, counted from year 0."""

    features: Features
    late: Labels
    months: Months


@dataclass
class Shard:
    """A split of this host. Its encoded rows are kept where the memory holds them, else read again each time."""

    folder: Path
    in_memory: bool = True
    # Of rows that every host has, each takes the `of`th ones from the `part`th.
    part: int = 0
    of: int = 1
    _kept: Encoded | None = None

    @property
    def rows(self) -> int:
        """How many rows there are, by the files' own word."""
        return len(range(self.part, self._in_files(), self.of))

    def _in_files(self) -> int:
        return sum(pq.read_metadata(file).num_rows for file in tables.files_of(self.folder))

    def counts(self) -> Counts:
        """Return what the encoding is fitted on; reads the categories and the label alone."""
        return Counts.total(_count(file) for file in tables.files_of(self.folder))

    def encoded(self, encoder: Encoder) -> Iterator[Encoded]:
        """Yield all rows in order, in one part or in many."""
        if not self.in_memory:
            yield from self._batches(encoder)
            return
        if self._kept is None:
            self._kept = self._read(encoder)
        yield self._kept

    def _read(self, encoder: Encoder) -> Encoded:
        rows = self.rows
        whole = Encoded(np.empty((rows, len(FEATURES)), np.float32), np.empty(rows, np.bool_), np.empty(rows, np.int32))
        at = 0
        for part in self._batches(encoder):
            place = slice(at, at + len(part.late))
            whole.features[place], whole.late[place], whole.months[place] = part.features, part.late, part.months
            at = place.stop
        return whole

    def _batches(self, encoder: Encoder) -> Iterator[Encoded]:
        before = 0
        for split in Split.batches(self.folder, BATCH_ROWS):
            first = (self.part - before) % self.of
            before += len(split.late)
            columns = {name: values[first :: self.of] for name, values in split.columns.items()}
            yield _encode(encoder, Split(columns, split.late[first :: self.of]))


@dataclass
class Matrices:
    """What XGBoost trains on and what it is stopped by; `rows` counts the training rows of all hosts."""

    train: xgb.DMatrix
    validation: xgb.DMatrix
    rows: int


def memory_budget_mb(environ: Mapping[str, str] = os.environ) -> int:
    """Return MODEL_MEMORY_MB, or half of what the container or the machine has."""
    given = environ.get("MODEL_MEMORY_MB")
    if given is None:
        return int(_memory_bytes() * _MEMORY_SHARE) >> 20
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(f"MODEL_MEMORY_MB is {given!r}: a positive integer was expected")
    return int(given)


def fits(rows: int, budget_mb: int) -> bool:
    """Tell whether so many rows may be kept in memory."""
    return rows * len(FEATURES) * _BYTES_A_VALUE <= budget_mb << 20


@contextmanager
def matrices(shards: Sequence[Shard], encoder: Encoder, *, max_bin: int, threads: int, rows: int) -> Iterator[Matrices]:
    """Yield the matrices of training and validation; what lies on disk is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as scratch, _disk_errors(Path(scratch)):
        if not shards[0].in_memory:
            _require_space(Path(scratch) / shards[0].folder.name, sum(shard.rows for shard in shards))
        quantised: list[xgb.DMatrix] = []
        for shard in shards:
            source = _Rows(shard, encoder, None if shard.in_memory else f"{scratch}/{shard.folder.name}")
            kind = xgb.QuantileDMatrix if shard.in_memory else xgb.ExtMemQuantileDMatrix
            # The validation rows fall into the bins of the training rows.
            quantised.append(kind(source, ref=next(iter(quantised), None), max_bin=max_bin, nthread=threads))
        made = Matrices(quantised[0], quantised[1], rows)
        quantised.clear()
        try:
            yield made
        finally:
            # XGBoost removes its files with the matrices, and complains where they are gone before.
            del made.train, made.validation


def month_name(month: int) -> str:
    """Return a month as 2013-01."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


class _Rows(xgb.DataIter):  # type: ignore[misc] # XGBoost does not type it
    """A shard's rows, as often as XGBoost asks for them; `scratch` begins the names of its files on disk."""

    def __init__(self, shard: Shard, encoder: Encoder, scratch: str | None) -> None:
        self._shard, self._encoder = shard, encoder
        self._scratch = None if scratch is None else Path(scratch)
        self._parts: Iterator[Encoded] = iter(())
        super().__init__(cache_prefix=scratch)

    def next(self, input_data: "Callable[..., object]") -> bool:
        """Give XGBoost the next part."""
        part = next(self._parts, None)
        if part is None:
            return False
        if self._scratch is not None:
            # XGBoost ends the process where a page cannot be written, so that nobody would say why.
            _require_space(self._scratch, len(part.late))
        input_data(data=part.features, label=part.late, feature_names=list(FEATURES))
        return True

    def reset(self) -> None:
        """Begin anew."""
        self._parts = self._shard.encoded(self._encoder)


def _require_space(place: Path, rows: int) -> None:
    free = shutil.disk_usage(place.parent).free
    if rows * len(FEATURES) * _BYTES_A_BIN > free:
        raise DiskFullError(place, free)


@contextmanager
def _disk_errors(scratch: Path) -> Iterator[None]:
    try:
        yield
    except xgb.core.XGBoostError as error:
        # XGBoost does not say why a page could not be written.
        if (free := shutil.disk_usage(scratch).free) < _FULL_BYTES:
            raise DiskFullError(scratch / "pages", free) from error
        raise


def _count(file: Path) -> Counts:
    table = tables.read_file(file, {**dict.fromkeys(CATEGORIES, tables.TEXT), LABEL: tables.FLAG})
    late = table.filter(table[LABEL])
    return Counts(table.num_rows, late.num_rows, _values(table), _values(late))


def _values(table: pa.Table) -> dict[str, dict[str, int]]:
    counted = {name: table.group_by(name).aggregate([([], "count_all")]) for name in CATEGORIES}
    return {name: {row[name]: row["count_all"] for row in found.to_pylist()} for name, found in counted.items()}


def _encode(encoder: Encoder, split: Split) -> Encoded:
    months = number(split.columns, "year") * 12 + number(split.columns, "month") - 1
    return Encoded(encoder.encode(split.columns), split.late, months.astype(np.int32))


def _memory_bytes() -> int:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text(encoding="ascii").strip() if limit.is_file() else "max"
    return min(machine, int(text)) if text.isdecimal() else machine
