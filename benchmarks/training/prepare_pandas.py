"""The peer: the example's preparation as pandas is commonly written, whole tables in memory."""

from pathlib import Path

import numpy as np
import pandas as pd

from model.flights import LABEL, LATE_MINUTES, OBSERVED, SCHEMA

_FLIGHTS = [
    "year", "month", "day", "sched_dep_time", "sched_arr_time", "distance", "arr_delay", "carrier", "tailnum", "origin",
    "dest", "time_hour",
]  # fmt: skip
_NAMES = [column.name for column in OBSERVED]
_HOUR = pd.Timedelta(hours=1)


def prepare(raw: Path, out: Path) -> None:
    """Write out/{train,validation,test}/<month>.parquet."""
    flights = pd.read_parquet(raw / "flights", columns=_FLIGHTS)
    flights["origin_departures"] = flights.groupby(["origin", "time_hour"])["origin"].transform("size")
    flights = flights[flights["arr_delay"].notna()].reset_index(drop=True)
    planes = pd.read_parquet(raw / "planes.parquet", columns=["tailnum", "year", "seats"])
    planes = planes.rename(columns={"year": "plane_year", "seats": "plane_seats"})
    examples = flights.merge(planes, on="tailnum", how="left")
    examples["known"] = (examples["time_hour"] - _HOUR).astype("datetime64[ms, UTC]")
    examples["order"] = np.arange(len(examples))
    # merge_asof wants both sides in the order of time.
    examples = pd.merge_asof(
        examples.sort_values("known"), _weather(raw), left_on="known", right_on="time_hour", by="origin",
        tolerance=5 * _HOUR, suffixes=("", "_weather"),
    ).sort_values("order")  # fmt: skip
    examples[LABEL] = examples["arr_delay"] >= LATE_MINUTES
    for column in SCHEMA.columns:
        if column.type == "integer":
            whole = column.required or column.name == "origin_departures"
            examples[column.name] = examples[column.name].astype(np.int32 if whole else pd.Int32Dtype())
        elif column.type == "number":
            examples[column.name] = examples[column.name].astype("float64")
    _write(examples, out)


def _weather(raw: Path) -> pd.DataFrame:
    weather = pd.read_parquet(raw / "weather", columns=["origin", "time_hour", *_NAMES])
    weather = weather.sort_values(["origin", "time_hour"])
    groups = weather.groupby("origin", sort=False)
    weather["pressure_change_3h"] = weather["pressure"] - groups["pressure"].shift(3)
    for name, source, how in (("precip_6h", "precip", "sum"), ("visib_min_6h", "visib", "min")):
        rolling = groups[source].rolling(6, min_periods=1).agg(how)
        weather[name] = rolling.reset_index(level=0, drop=True)
    return weather.sort_values("time_hour")


def _write(examples: pd.DataFrame, out: Path) -> None:
    months = examples["year"].astype(str) + "-" + examples["month"].astype(str).str.zfill(2)
    names = sorted(months.unique())
    for name in names:
        split = {names[-1]: "test", names[-2]: "validation"}.get(name, "train")
        (out / split).mkdir(parents=True, exist_ok=True)
        chosen = examples.loc[months == name, [*SCHEMA.names, LABEL]]
        chosen.to_parquet(out / split / f"{name}.parquet", compression="zstd", index=False)
