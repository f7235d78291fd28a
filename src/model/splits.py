"""The prepared splits, as training and evaluation read them: all files of a folder, in the order of their names."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from model import tables
from model.flights import LABEL, SCHEMA
from model.metrics import Labels
from model.schema import Values

_COLUMNS = {
    **{column.name: tables.TEXT if column.type == "string" else tables.NUMBER for column in SCHEMA.columns},
    LABEL: tables.FLAG,
}


@dataclass(frozen=True)
class Split:
    """A prepared split, or a batch of one: the flights' columns and whether each was late."""

    columns: dict[str, Values]
    late: Labels

    @classmethod
    def read(cls, folder: Path) -> "Split":
        """Read a folder that `prepare` wrote."""
        return cls._of(tables.read_folder(folder, _COLUMNS))

    @classmethod
    def batches(cls, folder: Path, rows: int = tables.ROWS) -> Iterator["Split"]:
        """Read it in batches of `rows` at most, never more than one in memory: the same rows in the same order."""
        for file in tables.files_of(folder):
            for batch in tables.batches(file, _COLUMNS, rows):
                yield cls._of(tables.typed(pa.Table.from_batches([batch]), _COLUMNS))

    @classmethod
    def _of(cls, table: pa.Table) -> "Split":
        late = np.asarray(table[LABEL].to_numpy(), dtype=np.bool_)
        return cls(tables.numpy_columns(table.drop_columns([LABEL])), late)
