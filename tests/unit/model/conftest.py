import shutil
from pathlib import Path

import pytest
from tests.unit.model import raw_months

from model import prepare, train

FEW_TREES = {"num_boost_round": "20", "min_child_weight": "1"}


@pytest.fixture(scope="session")
def raw_as_written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return raw_months.write(tmp_path_factory.mktemp("raw"))


@pytest.fixture
def raw(raw_as_written: Path, tmp_path: Path) -> Path:
    """Raw months that a test may spoil."""
    return shutil.copytree(raw_as_written, tmp_path / "raw")


@pytest.fixture(scope="session")
def data(raw_as_written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    prepare(raw_as_written, folder, {})
    return folder


@pytest.fixture(scope="session")
def artifact(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifact")
    train(data, folder, FEW_TREES)
    return folder
