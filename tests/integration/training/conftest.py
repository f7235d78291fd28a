"""The project's own image, and small real data that are prepared; the role of jobs is the runtime's."""

from pathlib import Path

import pytest
from tests.integration.runtime.conftest import execution_role
from tests.unit.model import raw_months

from fairway.delivery.image import publish_sources
from model import prepare

__all__ = ["execution_role"]

ROOT = Path(__file__).parents[3]


def named(request: pytest.FixtureRequest) -> str:
    name: str = request.module.__name__.rpartition(".")[2].replace("_", "-")
    return name


@pytest.fixture(scope="module")
def bucket(twin, tmp_path_factory, request):
    """A bucket with `data/train` and `data/validation`."""
    folder, name = tmp_path_factory.mktemp("data"), f"{named(request)}-data"
    prepare(raw_months.write(folder / "raw"), folder / "data", {})
    s3 = twin.client("s3")
    s3.create_bucket(Bucket=name)
    for split in ("train", "validation"):
        for file in sorted((folder / "data" / split).iterdir()):
            s3.upload_file(str(file), name, f"data/{split}/{file.name}")
    return name


@pytest.fixture(scope="module")
def repository(twin, request):
    twin.client("ecr").create_repository(repositoryName=named(request))
    return named(request)


@pytest.fixture(scope="module")
def image(twin, repository):
    """The project's own image."""
    url = f"{twin.account}.dkr.ecr.{twin.region}.amazonaws.com/{repository}"
    return publish_sources(ROOT, repository_url=url, ecr=twin.client("ecr"))
