"""What a run of the training workflow is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fairway.delivery.releases import Release
from fairway.errors import ParameterError, SearchError

_GOALS = {"minimize": "Minimize", "maximize": "Maximize"}
_SCALES = {"linear": "Linear", "logarithmic": "Logarithmic", "reverse_logarithmic": "ReverseLogarithmic"}


@dataclass(frozen=True)
class TrainingInput:
    """What one run of the workflow is told; pipelines/README.md describes each member."""

    git_sha: str
    image: str
    raw: str
    hyperparameters: Mapping[str, str]
    parameters: Mapping[str, str]
    champion: Mapping[str, str] | None
    search: Mapping[str, Any] | None = None


def parse_parameters(words: Iterable[str]) -> dict[str, str]:
    """Read NAME=VALUE words, what `prepare` is told; raises ParameterError for another word, and for a name again."""
    parameters: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise ParameterError(word, "cannot be read")
        if name in parameters:
            raise ParameterError(word, f"comes after {name}={parameters[name]}")
        parameters[name] = value
    return parameters


def champion_of(release: Release | None) -> dict[str, str] | None:
    """Return what the workflow compares a candidate with: the environment's current release."""
    if release is None:
        return None
    return {"version": release.version, "model_data_url": release.model_data_url}


def search_of(declared: Mapping[str, Any] | None, fixed: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what a search tries, in SageMaker's words: what the model declares, without what is fixed.

    None if that is nothing. Raises SearchError for a declaration that is not as src/model/README.md says.
    """
    if declared is None:
        return None
    if set(declared) != {"objective", "ranges"}:
        raise SearchError("its members", sorted(declared))
    ranges: dict[str, list[dict[str, Any]]] = {}
    for name, told in declared["ranges"].items():
        if name not in fixed:
            kind, described = _range(name, told)
            ranges.setdefault(f"{kind}ParameterRanges", []).append(described)
    return {"objective": _objective(declared["objective"]), "ranges": ranges} if ranges else None


def _objective(told: Mapping[str, str]) -> dict[str, str]:
    if set(told) != {"metric", "goal"} or told["goal"] not in _GOALS:
        raise SearchError("its objective", dict(told))
    return {"Type": _GOALS[told["goal"]], "MetricName": told["metric"]}


def _range(name: str, told: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if set(told) == {"values"} and told["values"]:
        return "Categorical", {"Name": name, "Values": [str(value) for value in told["values"]]}
    ends, scale = [told.get("minimum"), told.get("maximum")], told.get("scale", "linear")
    numbers = [end for end in ends if isinstance(end, int | float)]
    if set(told) - {"scale"} != {"minimum", "maximum"} or len(numbers) < 2 or scale not in _SCALES:
        raise SearchError(f"the range {name!r}", dict(told))
    kind = "Integer" if all(isinstance(end, int) for end in numbers) else "Continuous"
    low, high = (str(end) for end in numbers)
    return kind, {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": _SCALES[scale]}
