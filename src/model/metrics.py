"""How good probabilities are, in numpy alone: the image holds no scikit-learn."""

import numpy as np
import numpy.typing as npt

from model.schema import Values

Labels = npt.NDArray[np.bool_]
Probabilities = npt.NDArray[np.float64]

_SMALLEST = 1e-15  # keeps a logarithm finite
_BINS = 10


def metrics(late: Labels, probability: Probabilities, threshold: float) -> dict[str, float]:
    """Return what can be computed: `auc` needs both outcomes, `precision` an alarm, `recall` a late flight."""
    alarm = probability >= threshold
    hits = int((alarm & late).sum())
    result = {
        "rows": float(len(late)),
        "late_rate": float(late.mean()),
        "predicted_rate": float(probability.mean()),
        "log_loss": log_loss(late, probability),
        "brier": float(np.mean((probability - late) ** 2)),
    }
    if 0 < late.sum() < len(late):
        result["auc"] = auc(late, probability)
    if late.any():
        result["recall"] = hits / int(late.sum())
    if alarm.any():
        result["precision"] = hits / int(alarm.sum())
    return result


def auc(late: Labels, probability: Probabilities) -> float:
    """Return the chance that a late flight is ranked above one that is not; ties count half."""
    _, inverse, counts = np.unique(probability, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = int(late.sum())
    negative = len(late) - positive
    return float((ranks[late].sum() - positive * (positive + 1) / 2) / (positive * negative))


def log_loss(late: Labels, probability: Probabilities) -> float:
    """Return the mean negative log likelihood, in nats."""
    chance = np.clip(np.where(late, probability, 1 - probability), _SMALLEST, 1)
    return float(-np.log(chance).mean())


def calibration(late: Labels, probability: Probabilities) -> list[dict[str, float]]:
    """Return tenths of the flights by predicted probability: what was predicted and what happened."""
    order = np.argsort(probability, kind="stable")
    return [
        {"rows": float(len(part)), "predicted": float(probability[part].mean()), "happened": float(late[part].mean())}
        for part in np.array_split(order, _BINS)
        if len(part)
    ]


def by_slice(values: Values, late: Labels, probability: Probabilities, threshold: float) -> dict[str, dict[str, float]]:
    """Return the metrics of each value's own flights."""
    return {
        str(value): metrics(late[values == value], probability[values == value], threshold)
        for value in sorted(set(values.tolist()))
    }


def best_threshold(late: Labels, probability: Probabilities) -> float:
    """Return the probability, in hundredths, from which calling a flight late gives the best F1 score.

    F1 because both mistakes cost something here, and missing most late flights (what 0.5 does) makes no useful alarm.
    """
    candidates = [hundredth / 100 for hundredth in range(1, 100)]
    return max(candidates, key=lambda threshold: _f1(late, probability >= threshold))


def _f1(late: Labels, alarm: Labels) -> float:
    wanted_or_raised = int(late.sum() + alarm.sum())
    return 2 * int((late & alarm).sum()) / wanted_or_raised if wanted_or_raised else 0.0
