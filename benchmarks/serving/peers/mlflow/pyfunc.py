"""MLflow's custom model, "models from code": its scoring server makes a frame of CSV or JSON."""

from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
from benchmarks.serving.peers.flights import Flights
from mlflow.models import set_model


class FlightsModel(mlflow.pyfunc.PythonModel):
    """The example model in MLflow's package."""

    def load_context(self, context: Any) -> None:
        """Load the artifact that was packaged."""
        self._flights = Flights(Path(context.artifacts["artifact"]))

    def predict(self, context: Any, model_input: pd.DataFrame) -> list[dict[str, object]]:
        """Return one answer a row."""
        del context
        return self._flights.predict(model_input)


set_model(FlightsModel())
