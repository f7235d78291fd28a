"""The golden requests of a release: rows of the test data with the answers that the evaluated model gave.

A deployment that answers them otherwise runs another model, whatever its name says. The schema that they obey is
beside them, for who checks requests without the model: the inference API.
"""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet

from fairway.serving import formats
from model import Predictor

ROWS = 20


def golden_requests(artifact: Path, test: Path) -> dict[str, Any]:
    """Return {"schema", "unknown", "request", "response"}: JSON as the endpoint has it, of rows over all the data."""
    predictor = Predictor.load(artifact)
    names = [column.name for column in predictor.schema.columns]
    table = pyarrow.parquet.read_table(test, columns=names)
    step = max(1, table.num_rows // ROWS)
    rows = table.take(list(range(0, table.num_rows, step))[:ROWS]).to_pylist()
    request = {"instances": rows}
    # Through the container's own reader and writer: what the endpoint will do with these bytes.
    batch = formats.read_batch(json.dumps(request).encode(), formats.JSON, predictor.schema)
    answer = formats.write_answer(predictor.predict(batch), formats.JSON)
    unknown = getattr(predictor.schema, "unknown", "refuse")
    return {
        "schema": predictor.schema.to_json(),
        "unknown": unknown,
        "request": request,
        "response": json.loads(answer),
    }
