"""One raw file of flights to one file of examples, a batch at a time: what is known before departure, and the label."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from model import storage, tables
from model.bad_rows import REMEDY, BadRows, Faults, Policy
from model.flights import LABEL, LATE_MINUTES, SCHEMA, between_columns
from model.months import Span
from model.planes import Planes
from model.schema import Numbers, Strings
from model.summary import Summary
from model.tables import NUMBER, TEXT, TIME
from model.weather import NAMES, Known, Weather

Positions = npt.NDArray[np.int64]

_NUMBERS = ("year", "month", "day", "sched_dep_time", "sched_arr_time", "distance", "arr_delay")
_TEXTS = ("carrier", "tailnum", "origin", "dest")
# The only columns that are read of the raw files. `arr_delay` becomes the label and nothing else; no other column that
# is known only after departure is ever in memory.
COLUMNS = {**dict.fromkeys(_NUMBERS, NUMBER), **dict.fromkeys(_TEXTS, TEXT), "time_hour": TIME}
_CHECKED = {column.name: column for column in SCHEMA.columns if column.name in COLUMNS}
_SCHEDULE = {"origin": TEXT, "time_hour": TIME}
_ARROW: dict[str, pa.DataType] = {
    "integer": pa.int32(),
    "number": pa.float64(),
    "string": pa.dictionary(pa.int32(), pa.string()),
}
_OUT = pa.schema([*((column.name, _ARROW[column.type]) for column in SCHEMA.columns), (LABEL, pa.bool_())])


@dataclass(frozen=True)
class Sources:
    """What every file of flights is joined with, and what happens to bad rows."""

    planes: Planes
    weather: Weather
    policy: Policy
    quarantine: Path


def write_examples(file: Path, span: Span, sources: Sources, out: Path) -> Summary:
    """Write the examples of a raw file to `out`, all or nothing; raises ValueError naming file, row and column."""
    work = _File(file, span, sources)
    with storage.whole(out) as path, pq.ParquetWriter(path, _OUT, compression="zstd", store_schema=False) as writer:
        for examples in work.examples():
            writer.write_batch(examples)
            work.summary.count(examples)
        work.summary.quarantined = work.bad.keep(sources.quarantine)
        if not work.summary.rows:
            raise ValueError(
                f"{tables.name_of(file)} holds no flight that arrived ({work.summary.scheduled} rows): a split without "
                "rows teaches and tests nothing. Leave the file out until its flights have arrived"
            )
    return work.summary


@dataclass(frozen=True)
class _Batch:
    """A batch of raw rows: numbers, texts as codes and words, hours since 1970."""

    numbers: dict[str, Numbers]
    texts: dict[str, tuple[Positions, Strings]]
    hours: Positions

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> "_Batch":
        numbers = {name: tables.numbers(batch[name]) for name in _NUMBERS}
        return cls(numbers, {name: tables.codes(batch[name]) for name in _TEXTS}, tables.hours(batch["time_hour"]))

    def only(self, rows: npt.NDArray[np.bool_]) -> "_Batch":
        if rows.all():
            return self
        texts = {name: (positions[rows], words) for name, (positions, words) in self.texts.items()}
        return _Batch({name: values[rows] for name, values in self.numbers.items()}, texts, self.hours[rows])

    def placed(self, name: str, place: Mapping[str, int], other: int) -> Positions:
        """Return for each row the place of its text, `other` for a text without one."""
        positions, words = self.texts[name]
        return np.array([place.get(word, other) for word in words], dtype=np.int64)[positions]


class _File:
    """A raw file under way."""

    def __init__(self, file: Path, span: Span, sources: Sources) -> None:
        self._file, self._span, self._planes = file, span, sources.planes
        self._start, self._length = span.hours
        self._known: Known = sources.weather.before_departure(self._start, self._length)
        rows = tables.rows_of(file)
        self.summary = Summary(scheduled=rows)
        self.bad = BadRows(file, tables.name_of(file), rows, sources.policy)
        self._origins: dict[str, int] = {}
        self._departures = self._count_departures()

    def examples(self) -> Iterator[pa.RecordBatch]:
        start = 0
        for raw in tables.batches(self._file, COLUMNS):
            batch = _Batch.of(raw)
            faults = self._faults(batch)
            self.bad.add(faults, start)
            start += raw.num_rows
            # A cancelled or diverted flight never arrived where it should: it has no arrival delay, so no label to
            # learn or to be judged by. It stays in the schedule (origin_departures), which was known before.
            arrived = batch.only(faults.good() & ~np.isnan(batch.numbers["arr_delay"]))
            if len(arrived.hours):
                yield self._joined(arrived)

    def _count_departures(self) -> "npt.NDArray[np.int64]":
        # All departures of an hour lie in one file, so that this too does not depend on who reads the others.
        counts: list[Positions] = []
        for raw in tables.batches(self._file, _SCHEDULE):
            positions, words = tables.codes(raw["origin"])
            for word in words[:-1]:
                if word is not None and word not in self._origins:
                    self._origins[word] = len(self._origins)
                    counts.append(np.zeros(self._length, dtype=np.int64))
            place = np.array([self._origins.get(word, -1) for word in words], dtype=np.int64)[positions]
            hour = tables.hours(raw["time_hour"]) - self._start
            known = (place >= 0) & (hour >= 0) & (hour < self._length)
            slots = np.bincount(place[known] * self._length + hour[known], minlength=len(counts) * self._length)
            counts = [count + more for count, more in zip(counts, slots.reshape(-1, self._length), strict=True)]
        return np.array(counts, dtype=np.int64).reshape(-1, self._length)

    def _faults(self, batch: _Batch) -> Faults:
        faults = Faults(len(batch.hours))
        for name, column in _CHECKED.items():
            if column.type == "string":
                positions, words = batch.texts[name]
                if column.required:
                    faults.require(positions < len(words) - 1, name, lambda _: None, column.expected)
            else:
                faults.require(
                    column.allows(batch.numbers[name]), name, batch.numbers[name].__getitem__, column.expected
                )
        for name, part in self._span.parts.items():
            found = batch.numbers[name]
            faults.require(found == part, name, found.__getitem__, f"{part} (the file is {self._span.name})")
        good = faults.good()
        dated = {name: np.where(good, batch.numbers[name], 1.0) for name in _NUMBERS[:5]}
        for name, ok, expected in between_columns(dated):
            faults.require(ok, name, dated[name].__getitem__, expected)
        self._require_time(batch, faults)
        self._require_delay(batch, faults)
        return faults

    def _require_time(self, batch: _Batch, faults: Faults) -> None:
        hour = batch.hours - self._start
        near = (hour >= 0) & (hour < self._length)
        expected = f"a time in {self._span.name}, two days more or less"
        faults.require(near, "time_hour", lambda row: _hour(batch.hours[row]), expected)

    @staticmethod
    def _require_delay(batch: _Batch, faults: Faults) -> None:
        delay = batch.numbers["arr_delay"]
        faults.require(~np.isinf(delay), "arr_delay", delay.__getitem__, "a number of minutes or nothing")

    def _joined(self, batch: _Batch) -> pa.RecordBatch:
        hour = batch.hours - self._start
        station = batch.placed("origin", self._known.origins, len(self._known.origins))
        slot = station * self._length + hour
        self._refuse_faulty_weather(slot)
        columns: dict[str, pa.Array[Any]] = {}
        for name, values in batch.numbers.items():
            if name in _CHECKED:
                columns[name] = pa.array(values, from_pandas=True)
        for name in ("carrier", "origin", "dest"):
            positions, words = batch.texts[name]
            words_here = pa.array(words[:-1], pa.string())
            columns[name] = pa.DictionaryArray.from_arrays(positions.astype(np.int32), words_here)
        airport = batch.placed("origin", self._origins, -1)
        columns["origin_departures"] = pa.array(self._departures.reshape(-1)[airport * self._length + hour])
        plane = batch.placed("tailnum", self._planes.row_of, -1)
        for name, values in self._planes.columns.items():
            columns[name] = pa.array(values[plane], from_pandas=True)
        for name in NAMES:
            columns[name] = pa.array(self._known.values[name].reshape(-1)[slot], from_pandas=True)
        columns[LABEL] = pa.array(batch.numbers["arr_delay"] >= LATE_MINUTES)
        arrays = [columns[field.name].cast(field.type) for field in _OUT]
        return pa.record_batch(arrays, schema=_OUT)

    def _refuse_faulty_weather(self, slot: Positions) -> None:
        if not self._known.sentences:
            return
        fault = self._known.fault.reshape(-1)[slot]
        if (fault >= 0).any():
            raise ValueError(f"{self._known.sentences[fault[fault >= 0][0]]}. {REMEDY}")


def _hour(hours: int) -> str | None:
    # Before 1970 there is nothing, and nothing is what -1 stands for.
    return None if hours < 0 else f"{np.datetime64(hours, 'h')}"
