"""Metrics of rows that no single host has: counted on each, added up, and computed from the sums."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.metrics import Labels, Probabilities, log_loss

# Steps of probability. The area under the curve of ranks in so many steps is that of the rows to about 1e-5.
_STEPS = 50_000
_HUNDREDTH = _STEPS // 100

Histogram = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tally:
    """What some rows were predicted and what happened to them; tallies add up."""

    loss: float
    squares: float
    predicted: float
    punctual: Histogram
    late: Histogram

    @classmethod
    def of(cls, late: Labels, probability: Probabilities) -> "Tally":
        """Count rows."""
        steps = np.minimum((probability * _STEPS).astype(np.int64), _STEPS - 1)
        return cls(
            log_loss(late, probability) * len(late) if len(late) else 0.0,
            float(np.sum((probability - late) ** 2)),
            float(probability.sum()),
            *(np.bincount(steps[chosen], minlength=_STEPS) for chosen in (~late, late)),
        )

    @classmethod
    def total(cls, given: "list[Tally]") -> "Tally":
        """Add tallies up, in their order."""
        return cls(
            sum(part.loss for part in given),
            sum(part.squares for part in given),
            sum(part.predicted for part in given),
            np.sum([part.punctual for part in given], axis=0),
            np.sum([part.late for part in given], axis=0),
        )

    def metrics(self, threshold: float) -> dict[str, float]:
        """Return what model.metrics.metrics returns of the same rows, the area under the curve to about 1e-5."""
        late, punctual = int(self.late.sum()), int(self.punctual.sum())
        rows = late + punctual
        hits, alarms = self._alarms(round(threshold * 100))
        result = {
            "rows": float(rows),
            "late_rate": late / rows,
            "predicted_rate": self.predicted / rows,
            "log_loss": self.loss / rows,
            "brier": self.squares / rows,
        }
        if late and punctual:
            below = np.cumsum(self.punctual) - self.punctual
            result["auc"] = float(np.sum(self.late * (below + self.punctual / 2)) / (late * punctual))
        if late:
            result["recall"] = hits / late
        if alarms:
            result["precision"] = hits / alarms
        return result

    def best_threshold(self) -> float:
        """Return what model.metrics.best_threshold returns of the same rows."""
        return max(range(1, 100), key=self._f1) / 100

    def _f1(self, hundredth: int) -> float:
        hits, alarms = self._alarms(hundredth)
        wanted_or_raised = int(self.late.sum()) + alarms
        return 2 * hits / wanted_or_raised if wanted_or_raised else 0.0

    def _alarms(self, hundredth: int) -> tuple[int, int]:
        first = hundredth * _HUNDREDTH
        hits = int(self.late[first:].sum())
        return hits, hits + int(self.punctual[first:].sum())
