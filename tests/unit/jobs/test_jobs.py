"""The three jobs, with a model of the fewest lines."""

import json
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.jobs.fakes import ENVIRON, GATE, FakeModel, archive, evaluation_tree, training_tree, write

from fairway.errors import (
    ArtifactWithoutLineageError,
    ChampionError,
    JobInputMissingError,
    JobOutputMissingError,
    ModelOnOneHostError,
)
from fairway.jobs import evaluate, prepare, train
from fairway.jobs.files import hash_files, sha256_of
from fairway.jobs.tree import Tree
from fairway.serving.quality import Baseline


@pytest.fixture
def model(monkeypatch):
    fake = FakeModel()
    for job in (prepare, train, evaluate):
        monkeypatch.setattr(job, "model", fake)
    monkeypatch.setattr(evaluate, "golden_requests", lambda _, test: {"test": test.name})
    monkeypatch.setattr(
        train, "quality_baseline", lambda artifact, *_: Baseline((), (len(list(artifact.iterdir())),), {})
    )
    return fake


def read(path):
    return json.loads(path.read_text())


@pytest.mark.usefixtures("model")
def test_training_leaves_artifact_lineage_and_report(tmp_path):
    tree = training_tree(tmp_path)
    train.run(tree, ENVIRON)
    assert (tree.model / "weights").read_text() == "0.7"
    assert read(tree.output_data / "report.json") == {"auc": 0.7}
    assert read(tree.model / "lineage.json") == {
        "git_sha": ENVIRON["FAIRWAY_GIT_SHA"],
        "image": ENVIRON["FAIRWAY_IMAGE"],
        "hyperparameters": {"auc": "0.7"},
        "data": hash_files(tree.channels),
    }
    assert list(hash_files(tree.channels)) == ["train/part.txt", "validation/part.txt"]
    assert Baseline.read(tree.model) == Baseline((), (1,), {}), "made of the model's own files, which are there first"


def test_training_starts_warm_from_an_unpacked_artifact(tmp_path, model):
    tree = training_tree(tmp_path, channels=("train", "validation", "warm_start"))
    train_with = archive(tree.channels / "warm_start" / "model.tar.gz", {"weights": "0.6"})
    train.run(tree, ENVIRON)
    assert model.warm_start == "0.6"
    assert read(tree.model / "lineage.json")["data"]["warm_start/model.tar.gz"] == sha256_of(train_with)


@pytest.mark.usefixtures("model")
def test_training_without_a_channel_says_which(tmp_path):
    tree = training_tree(tmp_path, channels=("train",))
    with pytest.raises(JobInputMissingError, match=r"^The input 'validation' holds no file at "):
        train.run(tree, ENVIRON)


class FakeCluster:
    """Two hosts, of which this is one; what it gathers is its own, twice."""

    def __init__(self, hosts, host):
        self.hosts = tuple(hosts)
        self.leads = host == hosts[0]

    def gather(self, value):
        return [value] * len(self.hosts)


@pytest.fixture
def several(model, monkeypatch):
    """Let the fake train on several hosts and keep checkpoints; return what it was given."""
    given: dict[str, Any] = {}

    def train_together(data, out, hyperparameters, warm_start=None, *, cluster=None, checkpoints=None):
        given.update(cluster=cluster, checkpoints=checkpoints)
        return FakeModel.train(model, data, out, hyperparameters, warm_start)

    monkeypatch.setattr(model, "train", train_together)
    model.meet = lambda hosts, host: nullcontext(FakeCluster(hosts, host))
    model.Predictor = SimpleNamespace(schema=SimpleNamespace(columns=()))
    return given


def of_two_hosts(root, host):
    tree = training_tree(root)
    write(tree.config / "resourceconfig.json", json.dumps({"current_host": host, "hosts": ["algo-1", "algo-2"]}))
    return tree


def test_of_two_hosts_the_first_writes(tmp_path, several):
    first, second = (of_two_hosts(tmp_path / host, host) for host in ("algo-1", "algo-2"))
    train.run(second, ENVIRON)
    assert not (second.model / "lineage.json").exists()
    assert not second.output_data.exists()
    train.run(first, ENVIRON)
    assert read(first.model / "lineage.json")["data"] == hash_files(first.channels)
    assert several["cluster"].hosts == ("algo-1", "algo-2")
    assert several["checkpoints"] is None


def test_checkpoints_are_kept_where_the_job_asks_for_them(tmp_path, several):
    tree = training_tree(tmp_path)
    tree.checkpoints.mkdir()
    train.run(tree, ENVIRON)
    assert several == {"cluster": None, "checkpoints": tree.checkpoints}


def test_the_trainings_of_a_search_keep_their_checkpoints_apart(tmp_path, several):
    tree = training_tree(tmp_path)
    tree.checkpoints.mkdir()
    write(tree.config / "hyperparameters.json", json.dumps({"auc": "0.7", "_tuning_objective_metric": "auc"}))
    train.run(tree, {**ENVIRON, "TRAINING_JOB_NAME": "search-001-ab"})
    assert several["checkpoints"] == tree.checkpoints / "search-001-ab"
    assert read(tree.model / "lineage.json")["hyperparameters"] == {"auc": "0.7"}


@pytest.mark.usefixtures("model")
def test_a_model_without_checkpoints_trains_from_the_start(tmp_path):
    tree = training_tree(tmp_path)
    tree.checkpoints.mkdir()
    train.run(tree, ENVIRON)
    assert (tree.model / "weights").exists()


@pytest.mark.usefixtures("model")
def test_a_model_for_one_host_says_so_on_two(tmp_path):
    with pytest.raises(ModelOnOneHostError, match="has 2 instances, and the model trains on one: it exports no `meet`"):
        train.run(of_two_hosts(tmp_path, "algo-1"), ENVIRON)


@pytest.mark.usefixtures("model")
def test_preparation_leaves_splits_lineage_and_the_report_apart(tmp_path):
    tree = Tree(tmp_path)
    write(tree.processing_input("raw") / "2013-01.csv", "rows")
    tree.processing_output("report").mkdir(parents=True)  # SageMaker makes the outputs' folders
    prepare.run(tree, {**ENVIRON, "FAIRWAY_PARAMETERS": '{"seed": "7"}'})
    data = tree.processing_output("data")
    assert sorted(hash_files(data)) == ["lineage.json", "test/part.txt", "train/part.txt", "validation/part.txt"]
    assert (data / "train" / "part.txt").read_text() == "train 7"
    assert (tree.processing_output("report") / "part.txt").exists()
    assert read(data / "lineage.json") == {
        "git_sha": ENVIRON["FAIRWAY_GIT_SHA"],
        "image": ENVIRON["FAIRWAY_IMAGE"],
        "parameters": {"seed": "7"},
        "data": hash_files(tree.processing_input("raw")),
    }


@pytest.mark.usefixtures("model")
def test_preparation_without_raw_data_says_so(tmp_path):
    with pytest.raises(JobInputMissingError, match=r"^The input 'raw' holds no file at "):
        prepare.run(Tree(tmp_path), ENVIRON)


def test_a_model_that_prepares_nothing_is_told_so(tmp_path, model, monkeypatch):
    monkeypatch.setattr(model, "prepare", lambda *_: {}, raising=True)
    write(Tree(tmp_path).processing_input("raw") / "2013-01.csv", "rows")
    with pytest.raises(JobOutputMissingError, match=r"^The model's prepare left no file at "):
        prepare.run(Tree(tmp_path), ENVIRON)


@pytest.mark.usefixtures("model")
def test_an_evaluation_says_everything_that_a_registration_needs(tmp_path):
    tree = evaluation_tree(tmp_path, candidate="0.7", champion="0.69")
    evaluate.run(tree, {"FAIRWAY_GATE": GATE})
    evaluation = read(tree.processing_output("evaluation") / "evaluation.json")
    assert evaluation == {
        "metrics": {"auc": 0.7},
        "slices": {"origin": {"JFK": {"auc": 0.5}}},
        "champion": {"metrics": {"auc": 0.69}},
        "gate": {"passed": True, "reasons": evaluation["gate"]["reasons"], "goals": {"auc": "maximize"}},
        "model_data_sha256": sha256_of(tree.processing_input("model") / "model.tar.gz"),
        "lineage": {
            "git_sha": "c" * 40,
            "image": "trained@sha256:1",
            "hyperparameters": {"auc": "0.7"},
            "data": hash_files(tree.processing_input("data")),
        },
    }
    assert (tree.processing_output("evaluation") / "report.json").exists()
    assert read(tree.processing_output("evaluation") / "golden.json")["test"] == "test"


@pytest.mark.usefixtures("model")
def test_a_worse_candidate_is_refused_by_a_job_that_succeeds(tmp_path):
    tree = evaluation_tree(tmp_path, candidate="0.65", champion="0.69")
    evaluate.run(tree, {"FAIRWAY_GATE": GATE})
    assert read(tree.processing_output("evaluation") / "evaluation.json")["gate"] == {
        "passed": False,
        "reasons": ["The candidate's auc 0.65 is worse than the champion's 0.69 (to maximize, tolerance 0.005)."],
        "goals": {"auc": "maximize"},
    }


@pytest.mark.usefixtures("model")
def test_a_metric_that_is_no_number_is_refused_and_is_still_json(tmp_path):
    tree = evaluation_tree(tmp_path, candidate="nan")
    evaluate.run(tree, {"FAIRWAY_GATE": GATE})
    evaluation = read(tree.processing_output("evaluation") / "evaluation.json")
    assert (evaluation["metrics"], evaluation["champion"]) == ({"auc": None}, None)
    assert not evaluation["gate"]["passed"]


@pytest.mark.usefixtures("model")
def test_a_champion_that_this_code_cannot_read_stops_the_evaluation(tmp_path):
    tree = evaluation_tree(tmp_path, champion="no number")
    with pytest.raises(ChampionError, match=r"could not be evaluated by this code: could not convert string to float"):
        evaluate.run(tree, {"FAIRWAY_GATE": GATE})


@pytest.mark.usefixtures("model")
def test_an_artifact_without_lineage_is_refused(tmp_path):
    tree = evaluation_tree(tmp_path)
    archive(tree.processing_input("model") / "model.tar.gz", {"weights": "0.7"})
    with pytest.raises(ArtifactWithoutLineageError, match=r"holds no lineage\.json"):
        evaluate.run(tree, {"FAIRWAY_GATE": GATE})
