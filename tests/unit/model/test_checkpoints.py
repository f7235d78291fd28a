"""A training that dies and is started again ends as one that did not, byte by byte."""

import json
import shutil
from pathlib import Path

import pytest
from tests.unit.model.conftest import FEW_TREES

from model import progress, train
from model.checkpoints import Checkpoints, State


class DiedError(BaseException):
    """What stands for SIGKILL: nothing of the model catches it."""


@pytest.fixture
def dies(monkeypatch: pytest.MonkeyPatch):
    """Let the next trainings die in these rounds, one after the other."""

    def plan(*rounds: int) -> None:
        left = list(rounds)
        said = progress.say

        def say(event: str, **values: object) -> None:
            if left and event == "round" and values["round"] == left[0]:
                left.pop(0)
                raise DiedError
            said(event, **values)

        monkeypatch.setattr("model.rounds.say", say)

    return plan


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_CHECKPOINT_ROUNDS", "4")


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def train_again_and_again(
    data: Path, out: Path, given: dict[str, str], deaths: int, warm_start: Path | None = None
) -> None:
    for _ in range(deaths):
        with pytest.raises(DiedError):
            train(data, out, given, warm_start, checkpoints=out.parent / "checkpoints")
        assert not out.exists(), "nothing is written before the training has ended"
    train(data, out, given, warm_start, checkpoints=out.parent / "checkpoints")


@pytest.mark.parametrize("rounds", [(3,), (11,), (6, 9, 18)], ids=["before the first checkpoint", "once", "thrice"])
def test_a_killed_training_ends_with_the_same_bytes(data: Path, tmp_path: Path, artifact: Path, dies, rounds):
    dies(*rounds)
    train_again_and_again(data, tmp_path / "out", FEW_TREES, len(rounds))
    assert files(tmp_path / "out") == files(artifact)


def test_so_does_one_that_is_stopped_early(data: Path, tmp_path: Path, dies):
    given = {"num_boost_round": "500", "early_stopping_rounds": "5", "learning_rate": "1"}
    train(data, tmp_path / "alive", given)
    dies(5)
    train_again_and_again(data, tmp_path / "out", given, 1)
    assert files(tmp_path / "out") == files(tmp_path / "alive")


def test_so_does_a_warm_start(data: Path, tmp_path: Path, artifact: Path, dies):
    train(data, tmp_path / "alive", FEW_TREES, artifact)
    dies(11, 14)
    train_again_and_again(data, tmp_path / "out", FEW_TREES, 2, warm_start=artifact)
    assert files(tmp_path / "out") == files(tmp_path / "alive")


def test_so_does_one_whose_rows_are_on_disk(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies):
    monkeypatch.setattr("model.matrices._BYTES_A_VALUE", 1 << 20)
    monkeypatch.setattr("model.matrices.BATCH_ROWS", 400)
    report = train(data, tmp_path / "alive", FEW_TREES)
    assert report["rows_kept"] == "on disk"
    dies(11)
    train_again_and_again(data, tmp_path / "out", FEW_TREES, 1)
    assert files(tmp_path / "out") == files(tmp_path / "alive")


def test_a_checkpoint_of_another_training_is_refused_with_what_differs(data: Path, tmp_path: Path, dies):
    dies(11)
    with pytest.raises(DiedError):
        train(data, tmp_path / "out", FEW_TREES, checkpoints=tmp_path / "checkpoints")
    shutil.copytree(data, tmp_path / "data", ignore=lambda *_: ["2013-02.parquet"])
    changed = {**FEW_TREES, "max_depth": "3"}
    with pytest.raises(ValueError, match=r"is of another training: its hyperparameters differs\. Give this training"):
        train(data, tmp_path / "out", changed, checkpoints=tmp_path / "checkpoints")
    with pytest.raises(ValueError, match=r"is of another training: its data, hyperparameters differ\."):
        train(tmp_path / "data", tmp_path / "out", changed, checkpoints=tmp_path / "checkpoints")


def test_checkpoints_that_are_half_there_are_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    checkpoints = Checkpoints(tmp_path, {"data": "1"}, every=10)
    for rounds in (10, 20):
        checkpoints.save(State(rounds, 3, 0.5, {"train": [0.1], "validation": [0.2]}, b"trees"))
    newest = next(file for file in tmp_path.iterdir() if json.loads(file.read_bytes().split(b"\n")[0])["rounds"] == 20)
    newest.write_bytes(newest.read_bytes()[:-2])
    assert checkpoints.load() == State(10, 3, 0.5, {"train": [0.1], "validation": [0.2]}, b"trees")
    assert f"the checkpoint {newest} is damaged and is passed over" in caplog.text


def test_there_are_two_checkpoints_at_most(tmp_path: Path):
    checkpoints = Checkpoints(tmp_path / "new", {}, every=10)
    for rounds in range(10, 60, 10):
        checkpoints.save(State(rounds))
    assert len(list((tmp_path / "new").iterdir())) == 2
    assert checkpoints.load().rounds == 50
