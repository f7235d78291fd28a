"""The hashed locks hold what the *.in files name, and the same versions wherever they share a name."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LOCKS = sorted(file.stem for file in REQUIREMENTS.glob("*.in"))
SHARING = [name for name in LOCKS if name not in ("checkov", "bench-mlflow")]
"""checkov pins an old boto3, MLflow an older pyarrow; each has an environment of its own."""


def pinned(lock: str) -> dict[str, set[str]]:
    """Return the versions of each name of a lock; a name may have one for each platform."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([\w.-]+(?:\[[\w,-]+\])?)==(\S+)", (REQUIREMENTS / f"{lock}.txt").read_text(), re.MULTILINE
    ):
        versions.setdefault(canonicalize_name(name.partition("[")[0]), set()).add(version)
    return versions


def asked(lock: str) -> list[Requirement]:
    """Return what an *.in file names, with the files that it includes."""
    wanted = []
    for line in (REQUIREMENTS / f"{lock}.in").read_text().splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("-r "):
            wanted += asked(words.removeprefix("-r ").removesuffix(".in"))
        elif words:
            wanted.append(Requirement(words))
    return wanted


def test_there_is_a_lock_for_each_purpose():
    assert set(LOCKS) >= {"runtime", "serving", "dev", "checkov", "uv"}
    assert sorted(file.stem for file in REQUIREMENTS.glob("*.txt")) == LOCKS


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_is_asked_for(lock):
    versions = pinned(lock)
    for requirement in asked(lock):
        held = versions.get(canonicalize_name(requirement.name), set())
        assert held, f"{lock}.txt lacks {requirement.name}: make lock"
        assert any(requirement.specifier.contains(version) for version in held), f"{lock}.txt: {requirement}"


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_in_a_lock_is_hashed(lock):
    text = (REQUIREMENTS / f"{lock}.txt").read_text()
    blocks = re.findall(
        r"^[\w.-]+(?:\[[\w,-]+\])?==.*?(?=^[\w.-]+(?:\[[\w,-]+\])?==|\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert len(blocks) == sum(len(versions) for versions in pinned(lock).values())
    assert all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("lock", [name for name in SHARING if name != "dev"])
def test_locks_share_the_versions_of_what_they_share(lock):
    dev = pinned("dev")
    differing = {
        name: (versions, dev[name]) for name, versions in pinned(lock).items() if name in dev and versions != dev[name]
    }
    assert not differing


def test_the_image_lacks_what_only_people_need():
    assert not set(pinned("serving")) & {"pandas", "scikit-learn", "boto3", "ministack", "pytest", "typer"}
