"""The Flask application of the usual layout: GET /ping, POST /invocations."""

import io
import os
from pathlib import Path

import flask
import pandas as pd
from benchmarks.serving.peers.flights import COLUMNS, Flights

app = flask.Flask(__name__)
model = Flights(Path(os.environ["MODEL_DIRECTORY"]))


@app.get("/ping")
def ping() -> flask.Response:
    """Answer that the model is loaded."""
    return flask.Response("\n", status=200, mimetype="application/json")


@app.post("/invocations")
def invocations() -> flask.Response:
    """Answer CSV without a header, or JSON records."""
    if flask.request.mimetype == "text/csv":
        frame = pd.read_csv(io.BytesIO(flask.request.get_data()), header=None, names=COLUMNS)
    elif flask.request.mimetype == "application/json":
        frame = pd.DataFrame.from_records(flask.request.get_json()["instances"], columns=COLUMNS)
    else:
        return flask.Response("CSV or JSON is expected", status=415, mimetype="text/plain")
    return flask.jsonify(predictions=model.predict(frame))
