"""Several hosts that prepare, and the job that joins what they leave."""

import json
import shutil
from pathlib import Path

import pytest
from tests.unit.jobs.fakes import ENVIRON, FakeModel, shard_tree, write
from tests.unit.model import raw_months

from fairway.errors import ContainerSettingError, NotShardableError, ShardEmptyError, ShardMissingError
from fairway.jobs import join, prepare
from fairway.jobs.files import hash_files
from fairway.jobs.settings import Hosts, read_files, read_hosts
from fairway.jobs.tree import Tree

HOSTS = ("algo-1", "algo-2")
NAMES = ("flights/2013-01.txt", "flights/2013-02.txt", "flights/2013-03.txt")
TOLD = {
    **ENVIRON,
    "FAIRWAY_FILES_0": "flights/2013-01.txt\nflights/20",
    "FAIRWAY_FILES_1": "13-02.txt\nflights/2013-03.txt",
}


@pytest.fixture
def model(monkeypatch):
    fake = FakeModel()
    for job in (prepare, join):
        monkeypatch.setattr(job, "model", fake)
    return fake


@pytest.mark.usefixtures("model")
def test_what_hosts_prepare_is_joined_to_what_one_would_leave(tmp_path):
    joined = Tree(tmp_path / "join")
    for host, files in zip(HOSTS, (NAMES[::2], NAMES[1::2]), strict=True):
        tree = shard_tree(tmp_path / host, host, HOSTS, files)
        prepare.run(tree, TOLD)
        data = hash_files(tree.processing_output("data"))
        assert list(data) == [f"train/{name.replace('/', '-')}" for name in files]
        # As S3 does: what the hosts leave lies below one address.
        shards = tree.processing_output("report") / "shards"
        shutil.copytree(shards, joined.processing_input("shards"), dirs_exist_ok=True)
    join.run(joined, TOLD)
    assert list(hash_files(joined.processing_output("report"))) == ["part.txt"]
    assert list(hash_files(joined.processing_output("data"))) == ["lineage.json"]
    lineage = json.loads((joined.processing_output("data") / "lineage.json").read_text())
    assert (lineage["git_sha"], lineage["parameters"]) == (ENVIRON["FAIRWAY_GIT_SHA"], {})
    assert sorted(lineage["data"]) == [*NAMES, "planes.txt"]


@pytest.mark.usefixtures("model")
def test_a_host_without_files_says_how_many_hosts_there_may_be(tmp_path):
    hosts = ("algo-1", "algo-2", "algo-3", "algo-4")
    tree = shard_tree(tmp_path, "algo-4", hosts, ())
    with pytest.raises(ShardEmptyError, match=r"algo-4 has none of the 3 files .*instance_count to 3 at most"):
        prepare.run(tree, TOLD)


def test_a_model_that_prepares_on_one_host_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "model", object())
    with pytest.raises(NotShardableError, match="2 instances and this model prepares on one"):
        prepare.run(shard_tree(tmp_path, "algo-1", HOSTS, NAMES), TOLD)


@pytest.mark.usefixtures("model")
def test_hosts_that_are_not_told_of_all_files_say_so(tmp_path):
    with pytest.raises(ContainerSettingError, match="FAIRWAY_FILES_0 is missing: on several hosts, no host sees all"):
        prepare.run(shard_tree(tmp_path, "algo-1", HOSTS, NAMES), ENVIRON)


@pytest.mark.usefixtures("model")
def test_nothing_to_join_is_said(tmp_path):
    with pytest.raises(ShardMissingError, match="No host has left its lineage below"):
        join.run(Tree(tmp_path), TOLD)


def test_names_are_put_together_from_their_pieces():
    assert read_files(TOLD) == NAMES


def test_a_job_without_resourceconfig_is_alone(tmp_path):
    assert read_hosts(tmp_path) == Hosts("algo-1", ("algo-1",))


@pytest.mark.parametrize("told", [{"hosts": ["algo-1"], "current_host": "algo-2"}, {"hosts": []}])
def test_a_host_that_is_none_of_the_jobs_is_refused(tmp_path, told):
    write(tmp_path / "resourceconfig.json", json.dumps(told))
    with pytest.raises(ContainerSettingError, match=r"resourceconfig\.json says that this is"):
        read_hosts(tmp_path)


def alone(raw: Path, root: Path) -> dict[str, str]:
    tree = Tree(root)
    shutil.copytree(raw, tree.processing_input("raw"))
    prepare.run(tree, ENVIRON)
    return hash_files(root / "processing" / "output")


@pytest.mark.parametrize("count", [2, 3])
def test_the_example_prepared_by_several_hosts_is_the_same_to_the_byte(tmp_path, count):
    raw = raw_months.write(tmp_path / "raw")
    files = sorted(path.relative_to(raw).as_posix() for path in (raw / "flights").iterdir())
    told = {**ENVIRON, "FAIRWAY_FILES_0": "\n".join(files)}
    hosts = tuple(f"algo-{number}" for number in range(1, count + 1))
    s3, joined = tmp_path / "s3", Tree(tmp_path / "join")
    for number, host in enumerate(hosts):
        tree = shard_tree(tmp_path / host, host, hosts, ())
        shutil.rmtree(tree.processing_input("raw"))
        shutil.copytree(raw / "weather", tree.processing_input("raw") / "weather")
        for name, part in (
            ("planes.parquet", "planes.parquet/planes.parquet"),
            *((f, f) for f in files[number::count]),
        ):
            (tree.processing_input("raw") / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(raw / name, tree.processing_input("raw") / part)
        prepare.run(tree, told)
        shutil.copytree(tree.root / "processing/output", s3, dirs_exist_ok=True)
    shutil.move(s3 / "report/shards", joined.processing_input("shards"))
    join.run(joined, told)
    shutil.copytree(joined.root / "processing/output", s3, dirs_exist_ok=True)
    assert hash_files(s3) == alone(raw, tmp_path / "alone")
