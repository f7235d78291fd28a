import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.unit.serving.fakes import Column, FakePredictor, Schema

from fairway.errors import ContainerSettingError, ModelNotServableError
from fairway.serving import predictor, serve
from fairway.serving.logs import JsonFormatter
from model import Predictor


def test_settings_have_sagemaker_s_defaults():
    assert serve.read_settings({}) == serve.ServingSettings("0.0.0.0", 8080, "")  # noqa: S104 -- that is the default


def test_settings_are_read():
    environ = {"SAGEMAKER_BIND_TO_PORT": "9000", "FAIRWAY_BIND_ADDRESS": "127.0.0.1", "FAIRWAY_RELEASE": "7"}
    environ |= {"FAIRWAY_GIT_SHA": "abc", "FAIRWAY_MAX_BODY_MB": "100"}
    assert serve.read_settings(environ) == serve.ServingSettings("127.0.0.1", 9000, "7", "abc", 100)


@pytest.mark.parametrize("port", ["", "0", "65536", "http", "-1", "\N{FULLWIDTH DIGIT EIGHT}"])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(ContainerSettingError, match=rf"SAGEMAKER_BIND_TO_PORT is '{port}': a port from 1 to 65535"):
        serve.read_settings({"SAGEMAKER_BIND_TO_PORT": port})


@pytest.mark.parametrize("megabytes", ["", "0", "1025", "six", "-1"])
def test_a_limit_of_the_body_that_is_none_is_refused(megabytes):
    with pytest.raises(ContainerSettingError, match=rf"FAIRWAY_MAX_BODY_MB is '{megabytes}': a number of megabytes"):
        serve.read_settings({"FAIRWAY_MAX_BODY_MB": megabytes})


def load_with(monkeypatch, load):
    monkeypatch.setattr(Predictor, "load", load)
    return predictor.load_predictor(Path("/opt/ml/model"))


def test_a_model_is_warm_before_it_is_served(monkeypatch):
    loaded = load_with(monkeypatch, lambda _: FakePredictor())
    one, many = loaded.batches
    assert one == {"hour": [0], "carrier": ["?"], "wind": [None]}
    assert many == {"hour": ["0"] * 256, "carrier": ["?"] * 256, "wind": [None] * 256}


def test_it_is_warmed_with_values_that_its_schema_takes(monkeypatch):
    @dataclass(frozen=True)
    class Bounded(Column):
        minimum: float | None = None

    fake = FakePredictor()
    fake.schema = Schema((Bounded("year", "integer", required=True, minimum=1970.0), *Schema().columns))
    load_with(monkeypatch, lambda _: fake)
    assert fake.batches[0]["year"] == [1970]


@pytest.mark.parametrize(
    "load",
    [
        lambda _: FakePredictor(error=RuntimeError("no memory")),
        lambda _: (_ for _ in ()).throw(RuntimeError("no memory")),
    ],
    ids=["it does not answer", "it does not load"],
)
def test_a_model_that_does_not_load_or_answer_is_a_sentence(monkeypatch, load):
    with pytest.raises(
        ModelNotServableError, match=r"The model in /opt/ml/model cannot be served: RuntimeError: no memory"
    ):
        load_with(monkeypatch, load)


def test_a_score_that_fails_is_found_before_the_model_is_served(monkeypatch):
    fake = FakePredictor()
    monkeypatch.setattr(fake, "score", lambda answer: answer["probability"])
    with pytest.raises(ModelNotServableError, match="KeyError: 'probability'"):
        load_with(monkeypatch, lambda _: fake)


def test_an_artifact_from_before_there_were_baselines_is_served_unwatched(tmp_path, caplog):
    fake: Any = FakePredictor()
    assert predictor.load_watch(tmp_path, fake, "7") is None
    assert "the artifact has no quality.json" in caplog.text


def test_a_damaged_baseline_is_not_served(tmp_path):
    (tmp_path / "quality.json").write_text("{")
    fake: Any = FakePredictor()
    with pytest.raises(ModelNotServableError, match=r"cannot be served: quality\.json is damaged"):
        predictor.load_watch(tmp_path, fake, "7")


def test_a_log_line_is_one_json_object():
    record = logging.makeLogRecord(
        {"name": "fairway", "levelname": "INFO", "msg": "a\n%s", "args": ("b",), "created": 0.0}
    )
    record.fields = {"status": 200}
    assert json.loads(JsonFormatter().format(record)) == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "INFO",
        "logger": "fairway",
        "message": "a\nb",
        "status": 200,
    }


def test_a_traceback_stays_on_the_line():
    try:
        _ = dict[str, int]()["why"]
    except KeyError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "KeyError: 'why'" in json.loads(line)["traceback"]
