"""Package the artifact as an MLflow model. Usage: package.py ARTIFACT FOLDER."""

import sys
from pathlib import Path

import mlflow.pyfunc

mlflow.pyfunc.save_model(
    sys.argv[2],
    python_model=str(Path(__file__).with_name("pyfunc.py")),
    artifacts={"artifact": sys.argv[1]},
    pip_requirements=[],
)
