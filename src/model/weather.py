"""The weather that is known before a flight's scheduled departure: the last hourly observation at its origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from model import tables
from model.bad_rows import BadRows, Faults, Policy
from model.flights import OBSERVED, TREND
from model.schema import Numbers, Strings
from model.tables import NUMBER, TEXT, TIME

Hours = npt.NDArray[np.int64]

_COLUMNS = {"origin": TEXT, "time_hour": TIME, **{column.name: NUMBER for column in OBSERVED}}
NAMES = tuple(column.name for column in (*OBSERVED, *TREND))
# The observation filed under an hour is taken within it, often at minute 51: for a flight scheduled in that hour it may
# be the future. The hour before is the last one that surely is not.
_LAG = 1
_OLDEST = 6  # hours; an older observation says nothing any more
_WINDOW = 6
_FAULT = "fault"
_BEFORE = _LAG + _OLDEST + _WINDOW  # how far back an hour's features reach, at most


@dataclass(frozen=True)
class Known:
    """What is known at each origin for a departure in each hour of a span: for each feature an array, origins x hours.

    The last origin is the one without a station. `fault` says which of `sentences` stands against an hour, -1 none.
    """

    origins: Mapping[str, int]
    values: Mapping[str, Numbers]
    fault: Hours
    sentences: Sequence[str]


@dataclass(frozen=True)
class _Observed:
    origin: Strings
    when: Hours
    columns: dict[str, Numbers]
    faults: Faults

    @classmethod
    def read(cls, file: Path) -> "_Observed":
        table = pa.Table.from_batches(tables.batches(file, _COLUMNS)).unify_dictionaries().combine_chunks()
        batch = table.to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema=table.schema)
        positions, words = tables.codes(batch["origin"])
        columns = {column.name: tables.numbers(batch[column.name]) for column in OBSERVED}
        faults = Faults(len(positions))
        faults.require(positions < len(words) - 1, "origin", lambda _: None, "a string that is not empty")
        faults.require(np.asarray(batch["time_hour"].is_valid()), "time_hour", lambda _: None, "a time")
        for column in OBSERVED:
            found = columns[column.name]
            faults.require(column.allows(found), column.name, found.__getitem__, column.expected)
        return cls(words[positions], tables.hours(batch["time_hour"]), columns, faults)

    def only(self, rows: npt.NDArray[np.bool_]) -> "_Observed":
        columns = {name: values[rows] for name, values in self.columns.items()}
        return _Observed(self.origin[rows], self.when[rows], columns, self.faults)


class Weather:
    """The raw weather; of it only the files of the span that is asked for are in memory."""

    def __init__(self, raw: Path, policy: Policy) -> None:
        self._policy = policy
        self._files = tables.files_of(raw / "weather")
        tables.check_types(self._files, _COLUMNS)
        self._spans: dict[Path, tuple[int, int]] = {}

    def check(self, quarantine: Path) -> dict[str, dict[str, int]]:
        """Read all of it once: where each file's time begins and ends; return its bad rows, by file and column.

        Where bad rows are refused, one without place or time is refused here, one with a wrong value by the first
        flight that would be given it.
        """
        counts = {}
        for file in self._files:
            observed = _Observed.read(file)
            if len(observed.when):
                self._spans[file] = int(observed.when.min()), int(observed.when.max())
            bad = BadRows(file, tables.name_of(file), len(observed.when), self._policy)
            bad.add(observed.faults if self._policy.quarantine else observed.faults.of("origin", "time_hour"), 0)
            counts[tables.name_of(file)] = bad.keep(quarantine)
        return counts

    def before_departure(self, start: int, length: int) -> Known:
        """Return what is known for departures in the `length` hours from `start`, in hours since 1970, UTC."""
        sentences: list[str] = []
        read = [
            self._read(file, sentences)
            for file, (first, last) in self._spans.items()
            if first < start + length and last >= start - _BEFORE
        ]
        wanted = np.arange(start, start + length, dtype=np.int64) - _LAG
        origins = {name: at for at, name in enumerate(sorted({o for each in read for o in set(each.origin.tolist())}))}
        values = {name: np.full((len(origins) + 1, length), np.nan) for name in (*NAMES, _FAULT)}
        for origin, position in origins.items():
            here = [each.only(each.origin == origin) for each in read]
            when = np.concatenate([each.when for each in here])
            observed = {name: np.concatenate([each.columns[name] for each in here]) for name in here[0].columns}
            for name, column in _at(wanted, when, observed).items():
                values[name][position] = column
        fault = np.nan_to_num(values.pop(_FAULT), nan=-1).astype(np.int64)
        return Known(origins, values, fault, sentences)

    def _read(self, file: Path, sentences: list[str]) -> _Observed:
        observed = _Observed.read(file)
        observed.columns[_FAULT] = np.full(len(observed.when), np.nan)
        if not self._policy.quarantine:
            for row, fault in observed.faults.found.items():
                observed.columns[_FAULT][row] = len(sentences)
                sentences.append(fault.sentence(tables.name_of(file), row))
        return observed.only(observed.faults.good()) if self._policy.quarantine else observed


def _at(wanted: Hours, when: Hours, observed: Mapping[str, Numbers]) -> dict[str, Numbers]:
    start = int(when.min())
    length = int(when.max()) - start + 1
    grid = {name: np.full(length, np.nan) for name in observed}
    for name, values in observed.items():
        grid[name][when - start] = values
    grid["pressure_change_3h"] = grid["pressure"] - _earlier(grid["pressure"], 3)
    grid["precip_6h"] = _windowed(grid["precip"], np.add)
    grid["visib_min_6h"] = _windowed(grid["visib"], np.fmin)
    times = np.unique(when)
    last = np.searchsorted(times, wanted, side="right") - 1
    found = times[np.maximum(last, 0)]
    usable = (last >= 0) & (wanted - found < _OLDEST)
    return {name: np.where(usable, values[found - start], np.nan) for name, values in grid.items()}


def _earlier(values: Numbers, hours: int) -> Numbers:
    return np.concatenate([np.full(hours, np.nan), values])[: len(values)]


def _windowed(values: Numbers, reduce: np.ufunc) -> Numbers:
    padded = np.concatenate([np.full(_WINDOW - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)
    missing = np.isnan(windows)
    neutral = np.where(missing, 0.0, windows) if reduce is np.add else windows
    result: Numbers = np.where(missing.all(axis=1), np.nan, reduce.reduce(neutral, axis=1))
    return result
