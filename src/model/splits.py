"""The prepared splits, as training and evaluation read them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
    """A prepared split: the flights' columns and whether each was late."""

    columns: dict[str, Values]
    late: Labels

    @classmethod
    def read(cls, folder: Path) -> "Split":
        """Read a folder that `prepare` wrote."""
        table = tables.read_folder(folder, _COLUMNS)
        late = np.asarray(table[LABEL].to_numpy(), dtype=np.bool_)
        return cls(tables.numpy_columns(table.drop_columns([LABEL])), late)
