"""From raw months to three splits by time, a file and a batch at a time: memory does not grow with the data.

Each raw file of flights becomes one file of examples of the same name. So several machines, each with some of the
files, write together what one alone would write; `join` then makes the report out of what each has counted.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from model import progress, tables
from model.artifact import write_json
from model.bad_rows import Policy
from model.data_report import data_page, data_report
from model.examples import COLUMNS, Sources, write_examples
from model.months import FOLDER, Span, split_of, splits_of
from model.page import write_report
from model.planes import Planes
from model.summary import Summary
from model.weather import Weather

# Below `out`: what each file's rows were counted to, where several machines prepare, and rows that were put aside.
COUNTED, QUARANTINE = "counted", "quarantine"


def prepare(raw: Path, out: Path, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Write out/{train,validation,test}/<file>.parquet and out/report; return the data report.

    The last month is the test, the one before it the validation, the rest train. Raises ValueError naming file, row and
    column for raw data that is not as expected, and for a wrong parameter (bad_rows.py).
    """
    splits = splits_of(map(Span.of, tables.files_of(raw / FOLDER)))
    with tables.frugal():
        counted = _write(raw, out, splits, Policy.parse(parameters))
    return _report(counted, splits, out)


def prepare_shard(raw: Path, out: Path, parameters: Mapping[str, str], files: Sequence[str]) -> None:
    """Write what `prepare` writes of the flights that `raw` holds, and out/counted for `join` instead of a report.

    `files` names all raw files, relative to `raw`; this machine has some of the flights and all of the rest.
    """
    splits = splits_of(_spans(files))
    with tables.frugal():
        counted = _write(raw, out, splits, Policy.parse(parameters))
    for name, summary in counted.items():
        path = out / COUNTED / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, summary.to_json())


def join(counted: Path, out: Path, files: Sequence[str]) -> dict[str, Any]:
    """Write out/report of what all shards have counted; `files` names all raw files.

    Raises ValueError for a file of flights that none has counted.
    """
    found = {path.relative_to(counted).as_posix().removesuffix(".json"): path for path in counted.rglob("*.json")}
    spans = _spans(files)
    for span in spans:
        if f"{FOLDER}/{span.name}.parquet" not in found:
            raise ValueError(f"{FOLDER}/{span.name}.parquet was prepared by no shard: each file belongs to one")
    read = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in found.items()}
    return _report({name: Summary.from_json(content) for name, content in read.items()}, splits_of(spans), out)


def _spans(files: Sequence[str]) -> list[Span]:
    paths = [PurePosixPath(name) for name in files]
    return sorted(Span.of(path) for path in paths if path.parts[0] == FOLDER and path.suffix == ".parquet")


def _write(raw: Path, out: Path, splits: Mapping[str, Sequence[str]], policy: Policy) -> dict[str, Summary]:
    files = tables.files_of(raw / FOLDER)
    tables.check_types(files, COLUMNS)
    aside = out / QUARANTINE
    weather = Weather(raw, policy)
    counted = {name: Summary(quarantined=bad) for name, bad in weather.check(aside).items()}
    planes = Planes.read(raw, policy, aside)
    counted["planes.parquet"] = Summary(quarantined=dict(planes.bad))
    sources = Sources(planes, weather, policy, aside)
    rows, pace = 0, progress.Pace(sum(tables.rows_of(file) for file in files))
    for number, file in enumerate(files, start=1):
        span = Span.of(file)
        target = out / split_of(splits, span) / file.name
        summary = counted[tables.name_of(file)] = write_examples(file, span, sources, target)
        rows += summary.scheduled
        tables.release()
        done = {"file": tables.name_of(file), "number": number, "of": len(files), "rows": summary.scheduled}
        progress.say("prepared", **done, **pace.left(rows))
    return counted


def _report(counted: Mapping[str, Summary], splits: Mapping[str, Sequence[str]], out: Path) -> dict[str, Any]:
    report = data_report(counted, splits)
    write_report(out / "report", report, data_page(report))
    return report
