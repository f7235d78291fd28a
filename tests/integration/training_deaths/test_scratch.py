"""The scratch folder of a training whose rows lie on disk, on a small disk of its own that is really full."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.model import raw_months

from model import prepare

ROOT = Path(__file__).parents[3]
MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && exec "$3" -c "$4" "$2" "$5"'
TRAIN = """
import os, sys
from contextlib import suppress
from pathlib import Path
from model import matrices, train
scratch, data = Path(sys.argv[1]), Path(sys.argv[2])
enough, others = matrices._require_space, scratch / "others"

def then_fill(place, rows):
    '''Others take what is left, once there was enough.'''
    enough(place, rows)
    if not others.exists():
        with others.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass

if os.environ.get("FILLED"):
    matrices._require_space = then_fill
matrices._BYTES_A_VALUE = 1 << 20  # no memory holds these rows
try:
    train(data, scratch / "out", {"num_boost_round": "3"})
except ValueError as error:
    print(type(error).__name__, error, list(scratch.glob("matrix-*")), (scratch / "out").exists())
"""


def namespaces() -> bool:
    """Whether this user may mount something for itself alone."""
    try:
        command = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = pytest.mark.skipif(sys.platform != "linux" or not namespaces(), reason="a small disk wants namespaces")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    prepare(raw_months.write(folder / "raw"), folder / "data", {})
    return folder / "data"


def train_on(size, data, disk, **variables):
    """Train with a scratch folder on a disk of that size; return what was said in the end."""
    disk.mkdir()
    shell = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", size, disk]
    command = [*shell, sys.executable, TRAIN, data]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(disk), **variables}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()[-1]


def test_a_scratch_folder_that_is_too_small_is_told_before_anything_is_written(data, tmp_path):
    said = train_on("24k", data, tmp_path / "disk")
    assert said.startswith("DiskFullError no space to write matrix-")
    assert "/train: 0 MB are free in " in said
    assert said.endswith("volume_gigabytes of its job in the environment's training), or more instances [] False")


def test_a_disk_that_others_fill_meanwhile_is_told_and_left_clean(data, tmp_path):
    said = train_on("2m", data, tmp_path / "disk", FILLED="yes")
    assert said.startswith("DiskFullError no space to write matrix-")
    assert "/train: 0 MB are free in " in said
    assert said.endswith("volume_gigabytes of its job in the environment's training), or more instances [] False")


def test_a_disk_that_is_large_enough_is_not_complained_of(data, tmp_path):
    assert '"round": 3' in train_on("8m", data, tmp_path / "disk")
