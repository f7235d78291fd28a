"""BentoML's service: its validation makes a frame of the JSON."""

import os
from pathlib import Path

import bentoml
import pandas as pd
from benchmarks.serving.peers.flights import Flights


@bentoml.service(workers=2, traffic={"timeout": 60})
class FlightsService:
    """The example model as a BentoML service."""

    def __init__(self) -> None:
        self._flights = Flights(Path(os.environ["MODEL_DIRECTORY"]))

    @bentoml.api(route="/predict")
    def predict(self, instances: pd.DataFrame) -> list[dict[str, object]]:
        """Return one answer a row."""
        return self._flights.predict(instances)
