"""What SageMaker refuses of a tuning job beyond its service model, and what the twin does not have of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairway.twin.runtime.support import unsupported_training
from fairway.twin.runtime.tuning_children import OBJECTIVE, training_request
from fairway.twin.runtime.tuning_ranges import Choices, Numbers, Range, ranges_of

Request = Mapping[str, Any]
# https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html: with every increase granted.
MOST_JOBS, MOST_PARALLEL, MOST_SEARCHED, MOST_METRICS, MOST_PARAMETERS = 10_000, 100, 30, 20, 100
STRATEGIES = ("Random", "Grid")
_OF_SEVERAL_DEFINITIONS = ("HyperParameterRanges", "HyperParameterTuningResourceConfig", "TuningObjective")


def unsupported_tuning(request: Request) -> str | None:
    """Return the first member of a CreateHyperParameterTuningJob request that the twin cannot honour, or None."""
    return next(_unsupported(request), None)


def _unsupported(request: Request) -> Iterator[str]:
    config, definition = request["HyperParameterTuningJobConfig"], request.get("TrainingJobDefinition") or {}
    if config["Strategy"] not in STRATEGIES:
        yield f"the Strategy {config['Strategy']} of tuning jobs; it has {' and '.join(STRATEGIES)}"
    if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
        yield f"TrainingJobEarlyStoppingType {config['TrainingJobEarlyStoppingType']}"
    places = (
        ("", request, ("Autotune", "TrainingJobDefinitions", "WarmStartConfig")),
        ("", config, ("StrategyConfig", "TuningJobCompletionCriteria")),
        ("ResourceLimits.", config["ResourceLimits"], ("MaxRuntimeInSeconds",)),
        ("ParameterRanges.", config.get("ParameterRanges") or {}, ("AutoParameters",)),
        ("TrainingJobDefinition.", definition, _OF_SEVERAL_DEFINITIONS),
    )
    for where, given, members in places:
        yield from (f"tuning jobs with {where}{member}" for member in members if given.get(member))
    if definition.get("ResourceConfig") and (what := unsupported_training(training_request(request, "", {}))):
        yield what


def tuning_violations(request: Request) -> Iterator[str]:
    """Yield a sentence for each rule that a request breaks; the request is one that the twin can honour."""
    config, definition = request["HyperParameterTuningJobConfig"], request.get("TrainingJobDefinition")
    if definition is None:
        yield "A tuning job needs a TrainingJobDefinition."
        return
    if not definition.get("ResourceConfig"):
        yield "The TrainingJobDefinition needs a ResourceConfig."
    metrics = [each["Name"] for each in definition["AlgorithmSpecification"].get("MetricDefinitions") or ()]
    objective = config.get("HyperParameterTuningJobObjective")
    if objective is None or objective["MetricName"] not in metrics:
        yield (
            "A metric is required for this hyperparameter tuning job objective. Provide a metric in the metric "
            "definitions."
        )
    if len(metrics) > MOST_METRICS:
        yield f"A tuning job has at most {MOST_METRICS} metric definitions; {len(metrics)} came."
    try:
        ranges = ranges_of(config.get("ParameterRanges") or {})
    except ValueError as error:
        yield f"The ends of ParameterRanges are numbers, whole ones of IntegerParameterRanges: {error}."
        return
    for each in ranges:
        yield from _range(each)
    yield from _names(ranges, definition.get("StaticHyperParameters") or {})
    yield from _limits(config, ranges)


def _range(given: Range) -> Iterator[str]:
    if not isinstance(given, Numbers):
        return
    told = f"The range of {given.name}"
    if given.low > given.high:
        yield f"{told} has the MinValue {given.low:g}, which is greater than its MaxValue {given.high:g}."
    elif given.scaling == "Logarithmic" and given.low <= 0:
        yield f"{told} is scaled Logarithmic, which needs values greater than 0; it begins at {given.low:g}."
    elif given.scaling == "ReverseLogarithmic" and given.whole:
        yield f"{told} is of integers, which have no scale ReverseLogarithmic."
    elif given.scaling == "ReverseLogarithmic" and not 0 <= given.low <= given.high < 1:
        yield f"{told} is scaled ReverseLogarithmic, which needs values from 0 up to 1, without 1."


def _names(ranges: list[Range], static: Mapping[str, str]) -> Iterator[str]:
    names = [each.name for each in ranges]
    if not names:
        yield "A tuning job needs ParameterRanges with at least one hyperparameter."
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"A hyperparameter has one range; {', '.join(twice)} has several."
    if both := sorted(set(names) & set(static)):
        yield f"A hyperparameter is searched or static; {', '.join(both)} is both."
    if len(names) > MOST_SEARCHED:
        yield f"A tuning job searches at most {MOST_SEARCHED} hyperparameters; {len(names)} came."
    if OBJECTIVE in {*names, *static}:
        yield f"{OBJECTIVE} is a hyperparameter that SageMaker adds by itself."
    if len(names) + len(static) + 1 > MOST_PARAMETERS:
        yield f"A training has at most {MOST_PARAMETERS} hyperparameters, with the one that SageMaker adds."


def _limits(config: Request, ranges: list[Range]) -> Iterator[str]:
    limits, combinations = config["ResourceLimits"], 1.0
    for each in ranges:
        combinations *= each.size()
    jobs, parallel = limits.get("MaxNumberOfTrainingJobs"), limits["MaxParallelTrainingJobs"]
    if parallel > MOST_PARALLEL or (jobs or 0) > MOST_JOBS:
        yield f"A tuning job has at most {MOST_JOBS} training jobs, {MOST_PARALLEL} of them in parallel."
    if jobs is not None and parallel > jobs:
        yield f"MaxParallelTrainingJobs {parallel} is greater than MaxNumberOfTrainingJobs {jobs}."
    if config["Strategy"] == "Grid":
        yield from _grid(jobs, ranges, combinations)
    elif jobs is None:
        yield "A Random search needs ResourceLimits.MaxNumberOfTrainingJobs."
    elif 0 < combinations < jobs:
        yield (
            "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
            f"combinations for the provided ranges [{combinations:.1f}] must be equal or greater than the value of "
            f"MaxNumberOfJobs, [{jobs}]. Provide additional ranges."
        )


def _grid(jobs: int | None, ranges: list[Range], combinations: float) -> Iterator[str]:
    if numbers := [each.name for each in ranges if not isinstance(each, Choices)]:
        yield f"A Grid search has categorical hyperparameters only; {', '.join(numbers)} is a range of numbers."
    elif combinations > MOST_JOBS or (jobs is not None and jobs != combinations):
        yield (
            f"MaxNumberOfTrainingJobs of a Grid search is the number of its combinations, {combinations:.0f}, of which "
            f"there are at most {MOST_JOBS}; leave it out."
        )
