"""Media types: what a Content-Type says, and which answer an Accept header wants most."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from types import MappingProxyType

from fairway.errors import RequestError

JSON, CSV, JSON_LINES = "application/json", "text/csv", "application/jsonlines"
PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"
CSV_WITH_HEADER = f"{CSV}; header=present"
EXPLAINED = "explain=contributions"
_NAMES = {
    JSON: JSON,
    CSV: CSV,
    **dict.fromkeys((JSON_LINES, "application/x-ndjson", "application/jsonl", "application/x-jsonlines"), JSON_LINES),
    **dict.fromkeys((PARQUET, "application/x-parquet"), PARQUET),
    ARROW: ARROW,
}
_ANSWERS = {"*/*": JSON, "application/*": JSON, "text/*": CSV, **{k: v for k, v in _NAMES.items() if v not in {PARQUET, ARROW}}}  # fmt: skip # noqa: E501
# Clients use a handful of headers, and anybody may send others: so many are remembered.
_REMEMBERED = 256


@dataclass(frozen=True)
class MediaType:
    """A media type by its one name, and its parameters in lower case."""

    name: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Choice:
    """An answer's media type, and whether what each feature contributed is wanted beside it."""

    media_type: str
    explained: bool = False


@lru_cache(_REMEMBERED)
def content_type(text: str) -> MediaType:
    """Return the format of a request; RequestError 415 names those that are read."""
    kind, parameters = _parsed(text)
    name = _NAMES.get(kind)
    if name is None or (name == CSV and parameters.get("header", "absent") not in {"present", "absent"}):
        expected = f"{JSON}, {CSV}, {CSV_WITH_HEADER}, {JSON_LINES}, {PARQUET} or {ARROW}"
        raise RequestError(415, f"The Content-Type {_shown(text)} is not supported: {expected} is expected.")
    return MediaType(name, parameters)


def choose_answer(accept: str) -> str:
    """Return the answer's media type for an Accept header: the most wanted of JSON, CSV and JSON Lines.

    JSON is preferred where several will do. RequestError 406 names those that are written.
    """
    return choose(accept).media_type


@lru_cache(_REMEMBERED)
def choose(accept: str) -> Choice:
    """Return the answer that an Accept header wants most, or RequestError 406."""
    best, best_quality = Choice(""), 0.0
    for wanted in (accept or "*/*").split(","):
        kind, parameters = _parsed(wanted)
        quality = _quality(parameters.get("q", "1"))
        offered = _offered(kind, parameters)
        if offered and quality > best_quality:
            best, best_quality = offered, quality
    if not best.media_type:
        raise RequestError(
            406,
            f"The answer cannot be given as {_shown(accept)}: {JSON}, {CSV} or {JSON_LINES} is expected in Accept, "
            f"or {JSON}; {EXPLAINED}.",
        )
    return best


def _offered(kind: str, parameters: Mapping[str, str]) -> Choice | None:
    media_type = _ANSWERS.get(kind)
    explain = parameters.get("explain")
    if media_type is None or explain not in {None, "contributions"} or (explain and media_type == CSV):
        return None  # a table of contributions has no place in the columns of the answers
    header = media_type == CSV and parameters.get("header") == "present"
    return Choice(CSV_WITH_HEADER if header else media_type, explained=explain is not None)


@lru_cache(_REMEMBERED)
def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether an Accept-Encoding header wants gzip."""
    wanted = dict(_parsed(coding) for coding in accept_encoding.split(","))
    parameters = wanted.get("gzip", wanted.get("*"))
    return parameters is not None and _quality(parameters.get("q", "1")) > 0


def _parsed(text: str) -> tuple[str, Mapping[str, str]]:
    message = Message()
    message["content-type"] = text.strip()
    try:
        (kind, _), *parameters = message.get_params([("", "")])
    except (TypeError, ValueError):
        # The library fails on parameters that come in parts and whole (`header*0=a; header*=b`): no type that is known.
        return text.strip().lower(), MappingProxyType({})
    # A value of RFC 2231's kind (`header*=utf-8''present`) comes as a tuple: no word that is known.
    return kind.lower(), MappingProxyType({name.lower(): str(value).lower() for name, value in parameters})


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
