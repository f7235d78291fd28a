"""MLServer's custom runtime: its codec makes a frame of the tensors."""

from pathlib import Path

import pandas as pd
from benchmarks.serving.peers.flights import Flights
from mlserver import MLModel
from mlserver.codecs import decode_args


class FlightsRuntime(MLModel):
    """The example model behind the Open Inference Protocol."""

    async def load(self) -> bool:
        """Load the artifact that model-settings.json names."""
        parameters = self._settings.parameters
        assert parameters is not None
        self._flights = Flights(Path(str(parameters.uri)))
        return True

    @decode_args
    async def predict(self, payload: pd.DataFrame) -> pd.DataFrame:
        """Return a frame of answers."""
        return pd.DataFrame(self._flights.predict(payload))
