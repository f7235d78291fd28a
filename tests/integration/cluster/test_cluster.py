"""Two hosts of one training, as two processes with a loopback address each."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.unit.model.conftest import FEW_TREES

from model.evaluation import evaluate

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def hosts() -> list[str]:
    """Two addresses of this test process's own: other workers' trainings meet at the same port."""
    number = os.getpid()
    return [f"127.{first}.{number >> 8 & 255}.{number & 255}" for first in (98, 99)]


@pytest.fixture
def shards(data: Path, tmp_path: Path) -> Path:
    """Each host's shard of the prepared data: every other month to train on, and the month to validate by."""
    for number, host in enumerate(("first", "second")):
        for file in sorted((data / "train").iterdir())[number::2]:
            copy(file, tmp_path / host / "train")
        for file in (data / "validation").iterdir():
            copy(file, tmp_path / host / "validation")
    return tmp_path


def copy(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder)


def start(host: str, hosts: list[str], data: Path, *, dies: int = 0, seconds: float = 60) -> "subprocess.Popen[str]":
    order = {
        "hosts": json.dumps(hosts), "host": host, "data": str(data), "out": str(data / "out"), "seconds": str(seconds),
        "checkpoints": str(data / "checkpoints"), "hyperparameters": json.dumps(FEW_TREES), "dies": str(dies),
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.integration.cluster.hosts", json.dumps(order)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "MODEL_CHECKPOINT_ROUNDS": "4"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def both(hosts: list[str], shards: Path, dies: tuple[int, int] = (0, 0)) -> list[tuple[int, str, str]]:
    """Run both hosts; return how each ended: its exit code and what it said."""
    started = [
        start(host, hosts, shards / name, dies=dying)
        for host, name, dying in zip(hosts, ("first", "second"), dies, strict=True)
    ]
    said = [process.communicate(timeout=120) for process in started]
    return [(process.returncode, *texts) for process, texts in zip(started, said, strict=True)]


def test_two_hosts_train_as_well_as_one_and_go_on_when_one_has_died(
    hosts: list[str], shards: Path, data: Path, artifact: Path
):
    ended = both(hosts, shards)
    assert [code for code, *_ in ended] == [0, 0], ended
    assert not (shards / "second" / "out").exists()
    alone, together = (
        evaluate(folder, data, shards / "report")["metrics"] for folder in (artifact, shards / "first" / "out")
    )
    assert together["auc"] == pytest.approx(alone["auc"], abs=0.02)  # a thousand rows; at size it is 0.001
    mine, one = (json.loads((folder / "model.json").read_text()) for folder in (shards / "first" / "out", artifact))
    assert mine["encoder"] == one["encoder"], "the rates are those of all hosts"
    report = json.loads((shards / "first" / "out" / "training.json").read_text())
    one = json.loads((artifact / "training.json").read_text())
    assert (report["months"], report["rows"]) == (one["months"], one["rows"]), "what both hosts hold counts once"
    assert '"event": "round"' in ended[0][1]
    assert '"event"' not in ended[1][1], "one host tells the rounds"

    # A training that loses a host goes on and ends the same.
    whole = (shards / "first" / "out" / "model.ubj").read_bytes()
    shutil.rmtree(shards / "first" / "out")
    shutil.rmtree(shards / "first" / "checkpoints")
    (code, _, _), (other, _, said) = both(hosts, shards, dies=(11, 0))
    assert (code, other) == (9, 1)
    assert f"HostLostError: {hosts[1]} lost another host of the job while training" in said
    assert not (shards / "first" / "out").exists()
    ended = both(hosts, shards)
    assert '{"event": "resumed", "round": 8}' in ended[0][1]
    assert (shards / "first" / "out" / "model.ubj").read_bytes() == whole


@pytest.mark.parametrize("present", [0, 1], ids=["the first", "another"])
def test_a_host_that_waits_for_another_says_for_which(hosts: list[str], shards: Path, present: int):
    process = start(hosts[present], hosts, shards / "first", seconds=0.5)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"HostMissingError: {hosts[1 - present]} did not join {hosts[present]} within 0.5 s" in said


def test_a_shard_without_rows_is_named_by_every_host(hosts: list[str], shards: Path):
    for file in (shards / "second" / "train").iterdir():
        pq.write_table(pq.read_table(file).slice(0, 0), file)
    for code, _, said in both(hosts, shards):
        assert code == 1
        assert f"train has no rows on {hosts[1]}: each of the 2 hosts needs some." in said
