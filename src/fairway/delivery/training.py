"""What a run of the training workflow is told."""

from collections.abc import Mapping
from dataclasses import dataclass

from fairway.delivery.releases import Release


@dataclass(frozen=True)
class TrainingInput:
    """What one run of the workflow is told; pipelines/README.md describes each member."""

    git_sha: str
    image: str
    raw: str
    hyperparameters: Mapping[str, str]
    parameters: Mapping[str, str]
    champion: Mapping[str, str] | None


def champion_of(release: Release | None) -> dict[str, str] | None:
    """Return what the workflow compares a candidate with: the environment's current release."""
    if release is None:
        return None
    return {"version": release.version, "model_data_url": release.model_data_url}
