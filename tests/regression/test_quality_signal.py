"""The quality signal on real flights: good in another season, and broken behind HTTP 200, through the application.

The threshold is the alarm's (`quality_psi`). benchmarks/quality/measure.py has the other months and ways to be broken.
"""

import io
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.regression.candidates import candidate

from fairway.jobs.baseline import quality_baseline
from fairway.serving.predictor import load_watch
from fairway.serving.quality import FILE, WINDOW
from fairway.serving.wsgi import Application
from model import Predictor, prepare, train, write_raw

MEASURED: dict[str, Any] = json.loads((Path(__file__).parents[2] / "benchmarks/results/quality.json").read_text())
THRESHOLD = 1.0
LOOK = 0.25  # what is commonly called a shift
WINDOWS = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if registered := candidate():
        return registered.artifact.parent
    folder = tmp_path_factory.mktemp("signal")
    write_raw(folder / "raw")  # January to June train, July validates, August is what comes
    prepare(folder / "raw", folder / "data", {})
    train(folder / "data", folder / "artifact", {})
    baseline = quality_baseline(folder / "artifact", folder / "data")
    (folder / "artifact" / FILE).write_text(json.dumps(baseline.to_json()))
    return folder


class Wrong:
    """A predictor that answers, and wrongly."""

    def __init__(self, predictor: Predictor, wrong: Callable[[float], float]) -> None:
        self._predictor, self._wrong = predictor, wrong
        self.schema, self.score = predictor.schema, predictor.score

    def predict(self, batch: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
        answers = self._predictor.predict(batch)
        return [answer | {"probability": self._wrong(self.score(answer))} for answer in answers]


def signal(folder: Path, caplog: pytest.LogCaptureFixture, wrong: Callable[[float], float]) -> list[dict[str, Any]]:
    """Ask for WINDOWS windows of August's flights, in a random order, ten a request; return the quality lines."""
    caplog.set_level(logging.INFO, "fairway.serving.quality")
    loaded: Any = Wrong(Predictor.load(folder / "artifact"), wrong)
    watch = load_watch(folder / "artifact", loaded, "7")
    assert watch
    application = Application(loaded, "7", watch)
    table = pq.read_table(folder / "data/test", columns=[column.name for column in loaded.schema.columns])
    chosen = Random(7).sample(range(table.num_rows), WINDOWS * WINDOW)  # noqa: S311 -- no secret
    for start in range(0, len(chosen), 10):
        body = json.dumps({"instances": table.take(chosen[start : start + 10]).to_pylist()})
        assert ask(application, body.encode()) == "200 OK"
    return [vars(record)["fields"] for record in caplog.records if record.name == "fairway.serving.quality"]


def ask(application: Application, body: bytes) -> str:
    answered: list[str] = []
    request = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/invocations",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(body),
    }

    def start_response(status: str, _headers: object, _exc_info: object = None, /) -> Callable[[bytes], object]:
        answered.append(status)
        return print

    application(request, start_response)
    return answered[0]


def test_a_good_model_in_a_season_that_it_was_not_trained_on_stays_below(
    folder: Path, caplog: pytest.LogCaptureFixture
):
    lines = signal(folder, caplog, lambda chance: chance)
    assert [line["predictions"] for line in lines] == [WINDOW] * WINDOWS
    assert max(line["psi"] for line in lines) < LOOK
    assert all(0.03 < line["missing_share"] < 0.1 for line in lines)
    # One column of twenty-four is the month, and training saw no August.
    assert all(1 / 24 <= line["unseen_share"] < 0.05 for line in lines)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda chance: 1 - chance, id="labels swapped"),
        pytest.param(lambda _: 0.22, id="always the same"),
        pytest.param(lambda chance: chance * 100, id="percent"),
    ],
)
def test_a_model_that_answers_wrongly_is_over_the_threshold_in_every_window(
    folder: Path, caplog: pytest.LogCaptureFixture, wrong: Callable[[float], float]
):
    lines = signal(folder, caplog, wrong)
    assert [line["predictions"] for line in lines] == [WINDOW] * WINDOWS
    assert min(line["psi"] for line in lines) > 1.5 * THRESHOLD


def test_the_threshold_lies_between_all_that_was_measured_of_good_and_of_broken_models():
    months = [month["shuffled"] for month in MEASURED["months"]]
    assert max(month["good"]["greatest"] for month in months) < THRESHOLD / 2
    for broken in ("inverted", "constant", "weather lost"):
        assert min(month[broken]["least"] for month in months) > 1.5 * THRESHOLD
    assert MEASURED["cost"]["share"] < 0.02
