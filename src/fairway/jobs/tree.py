"""SageMaker's tree of files, below `/opt/ml` in a container."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tree:
    """Where a container finds its inputs and leaves its outputs.

    Source: "How Amazon SageMaker AI Provides Training Information" and "How Amazon SageMaker Processing Configures
    Input and Output" of the developer guide; the places below `processing/` are the ones that our workflow asks for.
    """

    root: Path

    @property
    def config(self) -> Path:
        """The job's JSON files."""
        return self.root / "input" / "config"

    @property
    def processing_config(self) -> Path:
        """A processing job's JSON files."""
        return self.root / "config"

    @property
    def channels(self) -> Path:
        """One folder for each input channel of a training job."""
        return self.root / "input" / "data"

    @property
    def model(self) -> Path:
        """What becomes model.tar.gz, and what a serving container finds unpacked."""
        return self.root / "model"

    @property
    def output_data(self) -> Path:
        """What becomes output.tar.gz."""
        return self.root / "output" / "data"

    @property
    def checkpoints(self) -> Path:
        """What SageMaker keeps in S3 while the job runs, and brings back when it is started again."""
        return self.root / "checkpoints"

    @property
    def failure(self) -> Path:
        """A training job's FailureReason."""
        return self.root / "output" / "failure"

    @property
    def message(self) -> Path:
        """A processing job's ExitMessage."""
        return self.root / "output" / "message"

    def processing_input(self, name: str) -> Path:
        """Where the input of this name is put."""
        return self.root / "processing" / "input" / name

    def processing_output(self, name: str) -> Path:
        """Where the output of this name is taken from."""
        return self.root / "processing" / "output" / name
