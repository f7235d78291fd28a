import os
import shutil

import pytest

from fairway.delivery import image_check
from fairway.delivery.buildah import run
from fairway.errors import ImageCheckError

GOOD = {"User": "10001:10001", "Entrypoint": ["python", "-m", "fairway.container"]}


def test_a_good_image_passes(tmp_path):
    (tmp_path / "opt/environment/bin").mkdir(parents=True)
    (tmp_path / "opt/environment/bin/python").symlink_to("/usr/bin/python3")
    image_check.check_config(GOOD)
    image_check.check_user("10001\n")
    image_check.check_files(tmp_path)


@pytest.mark.parametrize("user", ["", "0", "root", "0:0", "root:root"])
def test_root_is_found(user):
    with pytest.raises(ImageCheckError, match="an unprivileged one is expected"):
        image_check.check_config({**GOOD, "User": user})


@pytest.mark.parametrize("printed", ["0\n", "", "no such program"])
def test_root_is_found_where_the_image_hides_it(printed):
    with pytest.raises(ImageCheckError, match="the image runs as user"):
        image_check.check_user(printed)


def test_another_entry_point_is_found():
    with pytest.raises(ImageCheckError, match=r"the image's entry point is \['/bin/sh', '-c', 'python'\]"):
        image_check.check_config({**GOOD, "Entrypoint": ["/bin/sh", "-c", "python"]})


@pytest.mark.parametrize(
    "left",
    [
        "usr/bin/gcc",
        "opt/environment/bin/pip",
        "opt/environment/lib/python3.11/site-packages/pip/__init__.py",
        "root/.cache/pip/x",
        "etc/pip.conf",
        "opt/program/model/__pycache__/x.pyc",
    ],
)
def test_what_is_left_of_building_is_found(tmp_path, left):
    path = tmp_path / left
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(ImageCheckError, match=r"^image-check: left in the image: "):
        image_check.check_files(tmp_path)


def test_missing_tools_are_named_with_their_packages(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "debootstrap" else tool)
    with pytest.raises(ImageCheckError, match=r"debootstrap not found: `apt-get install buildah debootstrap`"):
        image_check.require_tools()


def test_root_is_needed(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda tool: tool)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ImageCheckError, match="hence root: `sudo make image-check`"):
        image_check.require_tools()


def test_a_command_that_fails_is_told_with_its_last_lines(tmp_path):
    with pytest.raises(ImageCheckError, match=r"sh ended with exit code 3 \(.*x\.log\):\nwhy\."):
        run(["sh", "-c", "echo why; exit 3"], tmp_path / "x.log")
