"""The quality gate: a pure decision over metrics, thresholds and the champion's metrics."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fairway.errors import ContainerSettingError
from fairway.jobs.settings import parse_object

NAME = "FAIRWAY_GATE"


@dataclass(frozen=True)
class Threshold:
    """Bounds of one metric; a value on a bound is inside."""

    min: float | None
    max: float | None


@dataclass(frozen=True)
class ChampionRule:
    """The candidate may be worse than the champion in `metric` by `tolerance` at most."""

    metric: str
    goal: Literal["maximize", "minimize"]
    tolerance: float


@dataclass(frozen=True)
class Gate:
    """What a candidate has to pass."""

    thresholds: Mapping[str, Threshold]
    champion: ChampionRule


@dataclass(frozen=True)
class Verdict:
    """The decision and the sentences that made it: all of them if it passed, else those that it failed by."""

    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Check:
    passed: bool
    sentence: str


def goals(gate: Gate) -> dict[str, str]:
    """Return which way is better for each metric that the gate looks at; a metric with two bounds has no such way."""
    ways = {
        name: "maximize" if bounds.max is None else "minimize"
        for name, bounds in gate.thresholds.items()
        if bounds.min is None or bounds.max is None
    }
    return ways | {gate.champion.metric: gate.champion.goal}


def decide(gate: Gate, metrics: Mapping[str, float], champion: Mapping[str, float] | None) -> Verdict:
    """Whether a candidate with `metrics` may be registered, beside a champion's metrics on the same data, or None.

    What cannot be compared (a metric that is missing, NaN or infinite, on either side) is refused.
    """
    checks = [
        check for name in sorted(gate.thresholds) for check in _bounds(name, gate.thresholds[name], metrics.get(name))
    ]
    checks.append(_beside_champion(gate.champion, metrics, champion))
    passed = all(check.passed for check in checks)
    return Verdict(passed, tuple(check.sentence for check in checks if check.passed == passed))


def _bounds(name: str, threshold: Threshold, value: float | None) -> list[_Check]:
    if value is None or not math.isfinite(value):
        return [_Check(passed=False, sentence=f"The candidate's {name} {_unusable(value)}.")]
    checks = []
    if (low := threshold.min) is not None:
        side = "is at least" if value >= low else "is below"
        checks.append(_Check(value >= low, f"The candidate's {name} {value:.6g} {side} the minimum {low:g}."))
    if (high := threshold.max) is not None:
        side = "is at most" if value <= high else "is above"
        checks.append(_Check(value <= high, f"The candidate's {name} {value:.6g} {side} the maximum {high:g}."))
    return checks


def _beside_champion(rule: ChampionRule, metrics: Mapping[str, float], champion: Mapping[str, float] | None) -> _Check:
    if champion is None:
        return _Check(passed=True, sentence="There is no champion: the thresholds alone decide.")
    candidate, standing = metrics.get(rule.metric), champion.get(rule.metric)
    if candidate is None or not math.isfinite(candidate):
        return _incomparable("candidate", rule.metric, candidate)
    if standing is None or not math.isfinite(standing):
        return _incomparable("champion", rule.metric, standing)
    shortfall = standing - candidate if rule.goal == "maximize" else candidate - standing
    # 0.7 - 0.695 is more than 0.005 in binary; a tie at the tolerance passes.
    passed = shortfall <= rule.tolerance or math.isclose(shortfall, rule.tolerance, abs_tol=1e-12)
    verdict = "is not worse than" if passed else "is worse than"
    return _Check(
        passed,
        f"The candidate's {rule.metric} {candidate:.6g} {verdict} the champion's {standing:.6g} "
        f"(to {rule.goal}, tolerance {rule.tolerance:g}).",
    )


def _incomparable(whose: str, metric: str, value: float | None) -> _Check:
    return _Check(passed=False, sentence=f"The {whose}'s {metric} {_unusable(value)}, so the two cannot be compared.")


def _unusable(value: float | None) -> str:
    return "is missing" if value is None else f"is {value}, not a number to decide by"


def parse_gate(text: str) -> Gate:
    """Parse the gate in `FAIRWAY_GATE`; ContainerSettingError says what of it is wrong."""
    value = _members(parse_object(NAME, text), "", {"thresholds", "champion"})
    thresholds, champion = value["thresholds"], value["champion"]
    if not isinstance(thresholds, dict) or not thresholds:
        raise ContainerSettingError(
            NAME, f"has thresholds {thresholds!r}: at least one metric is expected, or everything would pass"
        )
    return Gate({name: _threshold(name, bounds) for name, bounds in thresholds.items()}, _champion_rule(champion))


def _threshold(name: str, value: object) -> Threshold:
    if not isinstance(value, dict) or not value or value.keys() - {"min", "max"}:
        raise ContainerSettingError(NAME, f"has the threshold {name!r} as {value!r}: min, max or both are expected")
    bounds = {bound: _number(f"{name}.{bound}", number) for bound, number in value.items()}
    return Threshold(bounds.get("min"), bounds.get("max"))


def _champion_rule(value: object) -> ChampionRule:
    rule = _members(value, "champion.", {"metric", "goal", "tolerance"})
    goal, tolerance = rule["goal"], _number("champion.tolerance", rule["tolerance"])
    if goal != "maximize" and goal != "minimize":  # noqa: PLR1714 -- mypy narrows this to the literals, not `in`
        raise ContainerSettingError(NAME, f"has the goal {goal!r}: maximize or minimize is expected")
    if tolerance < 0:
        raise ContainerSettingError(NAME, f"has the tolerance {tolerance:g}: 0 or more is expected")
    return ChampionRule(str(rule["metric"]), goal, tolerance)


def _members(value: object, prefix: str, expected: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != expected:
        names = ", ".join(f"{prefix}{name}" for name in sorted(expected))
        raise ContainerSettingError(NAME, f"has {value!r}: exactly {names} are expected")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ContainerSettingError(NAME, f"has {name} as {value!r}: a finite number is expected")
    return float(value)
