"""What jobs, serving and delivery rely on, of the example and of a model that has nothing in common with it."""

import inspect
import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pyarrow.parquet as pq
import pytest
from tests.fixtures.wine import model as wine
from tests.unit.model import raw_months

import model as flights
from fairway.delivery.training import search_of
from fairway.jobs import baseline
from fairway.serving.quality import count_inputs, count_scores


@dataclass(frozen=True)
class Case:
    module: ModuleType
    write_raw: Callable[[Path], object]
    label: str


CASES = {
    "flights": Case(flights, raw_months.write, "late"),
    "wine": Case(wine, wine.write_raw, "cultivar"),
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture(scope="module")
def run(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    case.write_raw(folder / "raw")
    case.module.prepare(folder / "raw", folder / "data", {})
    for name in ("artifact", "again"):
        case.module.train(folder / "data", folder / name, {})
    return folder


def test_both_export_the_same_names_with_the_same_signatures():
    # Only what several machines can prepare or train has these, and only what can be searched the last.
    assert sorted({*flights.__all__} - {"join", "meet", "prepare_shard", "SEARCH"}) == sorted(wine.__all__)
    for name in ("prepare", "train", "evaluate"):
        ours, theirs = (list(inspect.signature(getattr(module, name)).parameters) for module in (flights, wine))
        assert [parameter for parameter in ours if parameter not in ("cluster", "checkpoints")] == theirs


def test_what_is_declared_to_be_searched_can_be(case: Case):
    declared = getattr(case.module, "SEARCH", None)
    assert (search_of(declared, {}) is None) == (declared is None)


def test_prepare_leaves_three_splits_and_a_report(run: Path):
    assert {file.parent.name for file in run.glob("data/*/*.parquet")} == {"train", "validation", "test"}
    assert {file.name for file in (run / "data" / "report").iterdir()} == {"report.json", "report.html"}


def test_the_same_training_gives_the_same_files(run: Path):
    files = {file.name: file.read_bytes() for file in (run / "artifact").iterdir()}
    assert files == {file.name: file.read_bytes() for file in (run / "again").iterdir()}


def test_an_evaluation_is_numbers_by_name(case: Case, run: Path):
    result = case.module.evaluate(run / "artifact", run / "data", run / "evaluation")
    assert result.keys() == {"metrics", "slices"}
    slices = [measured for values in result["slices"].values() for measured in values.values()]
    assert slices
    for measured in [result["metrics"], *slices]:
        assert all(isinstance(value, float) for value in measured.values())
    json.dumps(result, allow_nan=False)
    assert {file.name for file in (run / "evaluation").iterdir()} == {"report.json", "report.html"}


def test_the_test_split_is_answered_row_by_row(case: Case, run: Path):
    predictor = case.module.Predictor.load(run / "artifact")
    table = pq.read_table(run / "data" / "test").drop_columns([case.label])
    assert [column.name for column in predictor.schema.columns] == table.column_names
    answers = predictor.predict(table.to_pydict())
    assert len(answers) == table.num_rows
    json.dumps([answers, predictor.schema.to_json()], allow_nan=False)


def test_every_answer_has_a_score_that_tells_the_labels_apart(case: Case, run: Path):
    predictor = case.module.Predictor.load(run / "artifact")
    table = pq.read_table(run / "data" / "test")
    scores = [predictor.score(answer) for answer in predictor.predict(table.drop_columns([case.label]).to_pydict())]
    assert all(isinstance(score, float) and math.isfinite(score) for score in scores)
    by_label: dict[object, list[float]] = {label: [] for label in set(table[case.label].to_pylist())}
    for label, score in zip(table[case.label].to_pylist(), scores, strict=True):
        by_label[label].append(score)
    means = [sum(of_label) / len(of_label) for of_label in by_label.values()]
    assert max(means) > min(means), "a score that is the same whatever the label would not move when they are swapped"


def test_two_threads_get_the_answers_of_one(case: Case, run: Path):
    predictor = case.module.Predictor.load(run / "artifact")
    table = pq.read_table(run / "data" / "test").drop_columns([case.label])
    batches = [table.slice(row, 1 + row % 3).to_pydict() for row in range(table.num_rows - 3)] * 5
    alone = [predictor.predict(batch) for batch in batches]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(predictor.predict, batches)) == alone


def test_a_training_job_records_a_baseline_of_what_the_model_answers(case: Case, run: Path, monkeypatch):
    monkeypatch.setattr(baseline, "Predictor", case.module.Predictor)
    recorded = baseline.quality_baseline(run / "artifact", run / "data")
    assert recorded == baseline.quality_baseline(run / "artifact", run / "data")
    predictor = case.module.Predictor.load(run / "artifact")
    tables = [pq.read_table(run / "data" / split).drop_columns([case.label]) for split in ("train", "validation")]
    answers = [answer for table in tables for answer in predictor.predict(table.to_pydict())]
    assert count_scores(recorded.edges, [predictor.score(answer) for answer in answers]) == list(recorded.counts)
    assert list(recorded.columns) == [column.name for column in predictor.schema.columns]
    train = tables[0].to_pydict()
    assert count_inputs(recorded.columns, train, range(tables[0].num_rows))[1] == 0, "training saw what is in it"
    assert recorded.unseen_share > 0, "validation holds a month, or a measurement, that training did not"


def test_a_wrong_value_is_an_input_error_that_names_row_and_column(case: Case, run: Path):
    predictor = case.module.Predictor.load(run / "artifact")
    rows = pq.read_table(run / "data" / "test").drop_columns([case.label]).slice(0, 2).to_pydict()
    column = next(column.name for column in predictor.schema.columns if column.type != "string")
    rows[column][1] = "many"
    with pytest.raises(case.module.InputError, match=f"row 2, column '{column}': .*many.* was expected"):
        predictor.predict(rows)


def test_a_hyperparameter_that_no_one_knows_is_refused(case: Case, run: Path):
    with pytest.raises(ValueError, match="hyperparameter 'nonsense' is not known"):
        case.module.train(run / "data", run / "refused", {"nonsense": "1"})
