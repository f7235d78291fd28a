"""The weather that is known before a flight's scheduled departure: the last hourly observation at its origin."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model import tables
from model.flights import OBSERVED, TREND
from model.schema import Numbers, Values
from model.tables import NUMBER, TEXT, TIME

Hours = npt.NDArray[np.int64]

_COLUMNS = {"origin": TEXT, "time_hour": TIME, **{column.name: NUMBER for column in OBSERVED}}
# The observation filed under an hour is taken within it, often at minute 51: for a flight scheduled in that hour it may
# be the future. The hour before is the last one that surely is not.
_LAG = 1
_OLDEST = 6  # hours; an older observation says nothing any more
_WINDOW = 6


def before_departure(raw: Path, origins: Values, hours: Values) -> dict[str, Numbers]:
    """Return for flights (origin, hour of the scheduled departure since 1970, UTC) what was observed before."""
    known = tables.numpy_columns(tables.read_folder(raw / "weather", _COLUMNS))
    result = {column.name: np.full(len(hours), np.nan) for column in (*OBSERVED, *TREND)}
    when, wanted = known["time_hour"].astype(np.int64), hours.astype(np.int64) - _LAG
    for origin in set(known["origin"].tolist()):  # an airport without a station leaves its flights without weather
        here, flights = known["origin"] == origin, origins == origin
        observed = {column.name: known[column.name][here].astype(np.float64) for column in OBSERVED}
        for name, values in _at(wanted[flights], when[here], observed).items():
            result[name][flights] = values
    return result


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
