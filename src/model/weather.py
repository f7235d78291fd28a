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
# Of a value of these columns more is made than what is known in its own hour: in so many hours it is part of a feature.
_REACH = {"precip": tuple(range(_WINDOW)), "visib": tuple(range(_WINDOW)), "pressure": (0, 3)}
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
    faults: Mapping[str, Faults]  # by column

    @classmethod
    def read(cls, file: Path) -> "_Observed":
        table = pa.Table.from_batches(tables.batches(file, _COLUMNS)).unify_dictionaries().combine_chunks()
        batch = table.to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema=table.schema)
        positions, words = tables.codes(batch["origin"])
        columns = {column.name: tables.numbers(batch[column.name]) for column in OBSERVED}
        faults = {name: Faults(len(positions)) for name in _COLUMNS}
        faults["origin"].require(positions < len(words) - 1, "origin", lambda _: None, "a string that is not empty")
        faults["time_hour"].require(np.asarray(batch["time_hour"].is_valid()), "time_hour", lambda _: None, "a time")
        for column in OBSERVED:
            found = columns[column.name]
            faults[column.name].require(column.allows(found), column.name, found.__getitem__, column.expected)
        return cls(words[positions], tables.hours(batch["time_hour"]), columns, faults)

    def only(self, rows: npt.NDArray[np.bool_]) -> "_Observed":
        columns = {name: values[rows] for name, values in self.columns.items()}
        return _Observed(self.origin[rows], self.when[rows], columns, self.faults)

    def bad(self, *names: str) -> Faults:
        """Return the first fault of each row in these columns, of all without a name."""
        chosen = [self.faults[name] for name in names or self.faults]
        first = {row: fault for faults in reversed(chosen) for row, fault in faults.found.items()}
        return Faults(chosen[0].rows, first)


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
            bad.add(observed.bad() if self._policy.quarantine else observed.bad("origin", "time_hour"), 0)
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
        for column in OBSERVED:
            told = observed.columns[_fault_of(column.name)] = np.full(len(observed.when), np.nan)
            if not self._policy.quarantine:
                for row, fault in observed.faults[column.name].found.items():
                    told[row] = len(sentences)
                    sentences.append(fault.sentence(tables.name_of(file), row))
        return observed.only(observed.bad().good()) if self._policy.quarantine else observed


def _fault_of(column: str) -> str:
    return f"{_FAULT} of {column}"


def _at(wanted: Hours, when: Hours, observed: Mapping[str, Numbers]) -> dict[str, Numbers]:
    start = int(when.min())
    length = int(when.max()) - start + 1
    grid = {name: np.full(length, np.nan) for name in observed}
    for name, values in observed.items():
        grid[name][when - start] = values
    grid[_FAULT] = _first_fault({column.name: grid.pop(_fault_of(column.name)) for column in OBSERVED})
    grid["pressure_change_3h"] = grid["pressure"] - _earlier(grid["pressure"], 3)
    grid["precip_6h"] = _windowed(grid["precip"], np.add)
    grid["visib_min_6h"] = _windowed(grid["visib"], np.fmin)
    times = np.unique(when)
    last = np.searchsorted(times, wanted, side="right") - 1
    found = times[np.maximum(last, 0)]
    usable = (last >= 0) & (wanted - found < _OLDEST)
    return {name: np.where(usable, values[found - start], np.nan) for name, values in grid.items()}


def _first_fault(faults: Mapping[str, Numbers]) -> Numbers:
    """Return which sentence, if any, stands against what is known in each hour, by what is wrong in which column."""
    reached = [_earlier(told, hours) for name, told in faults.items() for hours in _REACH.get(name, (0,))]
    first: Numbers = np.fmin.reduce(reached)
    return first


def _earlier(values: Numbers, hours: int) -> Numbers:
    return np.concatenate([np.full(hours, np.nan), values])[: len(values)]


def _windowed(values: Numbers, reduce: np.ufunc) -> Numbers:
    padded = np.concatenate([np.full(_WINDOW - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)
    missing = np.isnan(windows)
    neutral = np.where(missing, 0.0, windows) if reduce is np.add else windows
    result: Numbers = np.where(missing.all(axis=1), np.nan, reduce.reduce(neutral, axis=1))
    return result
