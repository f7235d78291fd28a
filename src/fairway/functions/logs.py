"""Structured logs of functions: one JSON object a line, on standard error, which Lambda writes to CloudWatch Logs."""

import json
import logging
import sys
from functools import cache
from typing import Any


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON, an exception with its traceback."""
        fields: dict[str, Any] = {"level": record.levelname, "event": record.getMessage()}
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


@cache
def logger() -> logging.Logger:
    """Return the functions' logger; Lambda's own handler would write each line once more, as text."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    found = logging.getLogger("fairway.functions")
    found.addHandler(handler)
    found.setLevel(logging.INFO)
    found.propagate = False
    return found


def say(level: int, event: str, *, exc_info: bool = False, **fields: Any) -> None:
    """Write one line."""
    logger().log(level, event, exc_info=exc_info, extra={"fields": fields})
