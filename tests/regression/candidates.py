"""What the tests of the model's quality are about: this checkout's model, or the candidate of a pipeline.

`make candidate` brings what the training workflow made to a folder, and FAIRWAY_CANDIDATE names it: then the artifact
that was registered is tested, not one that is trained here.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from fairway.jobs.files import unpack


@dataclass(frozen=True)
class Candidate:
    """An artifact, the data that it was trained and evaluated on, and what the first environment runs, if anything."""

    artifact: Path
    data: Path
    champion: Path | None

    @property
    def month(self) -> str:
        """The last month of its test data."""
        return max(path.stem for path in (self.data / "test").glob("*.parquet"))


def candidate() -> Candidate | None:
    told = os.environ.get("FAIRWAY_CANDIDATE")
    if not told:
        return None
    folder = Path(told).resolve()
    champion = _unpacked(folder / "champion.tar.gz") if (folder / "champion.tar.gz").exists() else None
    return Candidate(_unpacked(folder / "artifact.tar.gz"), folder / "data", champion)


def _unpacked(archive: Path) -> Path:
    folder = archive.with_name(archive.name.removesuffix(".tar.gz"))
    return folder if folder.exists() else unpack(archive, folder)
