"""What a model says of a split: exact where one host holds all rows, from tallies where they lie apart or on disk."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from model.artifact import Artifact
from model.cluster import Cluster
from model.matrices import Months, Shard, month_name
from model.metrics import Labels, Probabilities, best_threshold, metrics
from model.tallies import Tally


class Predicted(ABC):
    """The predictions of a split, of all hosts."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many there are."""

    @property
    @abstractmethod
    def months(self) -> list[str]:
        """The months that they are of, in order."""

    @property
    @abstractmethod
    def late_rate(self) -> float:
        """How many of them were late."""

    @abstractmethod
    def metrics(self, threshold: float) -> dict[str, float]:
        """Return the metrics of all rows."""

    @abstractmethod
    def by_month(self, threshold: float) -> dict[str, dict[str, float]]:
        """Return the metrics of each month's rows."""

    @abstractmethod
    def best_threshold(self) -> float:
        """Return the threshold that model.metrics.best_threshold gives."""


def predicted(artifact: Artifact, shard: Shard, cluster: Cluster) -> Predicted:
    """Ask an artifact about every row of a split; all hosts do at the same time."""
    if shard.in_memory and len(cluster.hosts) == 1:
        part = next(shard.encoded(artifact.encoder))
        return _Exact(part.late, part.months, artifact.score(part.features))
    own: dict[int, Tally] = {}
    for part in shard.encoded(artifact.encoder):
        probability = artifact.score(part.features)
        for month in np.unique(part.months).tolist():
            chosen = part.months == month
            tally = Tally.of(part.late[chosen], probability[chosen])
            own[month] = Tally.total([own[month], tally]) if month in own else tally
    every = cluster.gather(own)
    months = sorted({month for tallies in every for month in tallies})
    return _Tallied({m: Tally.total([tallies[m] for tallies in every if m in tallies]) for m in months})


@dataclass(frozen=True)
class _Exact(Predicted):
    late: Labels
    month: Months
    probability: Probabilities

    @property
    def rows(self) -> int:
        return len(self.late)

    @property
    def months(self) -> list[str]:
        return [month_name(month) for month in np.unique(self.month).tolist()]

    @property
    def late_rate(self) -> float:
        return float(self.late.mean())

    def metrics(self, threshold: float) -> dict[str, float]:
        return metrics(self.late, self.probability, threshold)

    def by_month(self, threshold: float) -> dict[str, dict[str, float]]:
        each = {month_name(month): self.month == month for month in np.unique(self.month).tolist()}
        return {name: metrics(self.late[rows], self.probability[rows], threshold) for name, rows in each.items()}

    def best_threshold(self) -> float:
        return best_threshold(self.late, self.probability)


@dataclass(frozen=True)
class _Tallied(Predicted):
    tallies: dict[int, Tally]

    @property
    def _all(self) -> Tally:
        return Tally.total(list(self.tallies.values()))

    @property
    def rows(self) -> int:
        return int(self._all.late.sum() + self._all.punctual.sum())

    @property
    def months(self) -> list[str]:
        return [month_name(month) for month in self.tallies]

    @property
    def late_rate(self) -> float:
        return self.metrics(0.5)["late_rate"]

    def metrics(self, threshold: float) -> dict[str, float]:
        return self._all.metrics(threshold)

    def by_month(self, threshold: float) -> dict[str, dict[str, float]]:
        return {month_name(month): tally.metrics(threshold) for month, tally in self.tallies.items()}

    def best_threshold(self) -> float:
        return self._all.best_threshold()
