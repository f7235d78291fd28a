import io
import json
import math
import tarfile

import pytest
from tests.unit.jobs.fakes import archive, write

from fairway.errors import ArtifactUnreadableError, JobInputMissingError, JobOutputMissingError
from fairway.jobs.files import hash_files, require_input, require_output, unpack, write_json


def test_hashes_go_by_relative_path(tmp_path):
    write(tmp_path / "b" / "two", "2")
    write(tmp_path / "a", "1")
    assert list(hash_files(tmp_path).items()) == [
        ("a", "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"),
        ("b/two", "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"),
    ]


@pytest.mark.parametrize(
    ("check", "error"), [(require_input, JobInputMissingError), (require_output, JobOutputMissingError)]
)
def test_an_empty_folder_is_as_good_as_none(tmp_path, check, error):
    (tmp_path / "there" / "empty").mkdir(parents=True)
    for folder in ("there", "not"):
        with pytest.raises(error, match=folder):
            check("train", tmp_path / folder)
    write(tmp_path / "there" / "empty" / "file", "")
    check("train", tmp_path / "there")


def test_json_is_sorted_and_says_null_for_what_it_has_no_number_for(tmp_path):
    write_json(tmp_path / "new" / "a.json", {"b": [math.nan, 1], "a": {"x": math.inf}})
    text = (tmp_path / "new" / "a.json").read_text()
    assert json.loads(text) == {"a": {"x": None}, "b": [None, 1]}
    assert text.index('"a"') < text.index('"b"')


def test_an_artifact_is_unpacked(tmp_path):
    path = archive(tmp_path / "in" / "model.tar.gz", {"weights": "1"})
    assert (unpack(path, tmp_path / "out") / "weights").read_text() == "1"


def tar_with(path, member, content=b""):
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(member, io.BytesIO(content))
    return path


def member(name, kind=tarfile.REGTYPE, target=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


@pytest.mark.parametrize(
    "entry",
    [member("../outside"), member("link", tarfile.SYMTYPE, "/etc/passwd"), member("device", tarfile.CHRTYPE)],
    ids=["a path outside", "a link outside", "a device"],
)
def test_what_would_leave_the_folder_is_refused(tmp_path, entry):
    path = tar_with(tmp_path / "model.tar.gz", entry)
    with pytest.raises(ArtifactUnreadableError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out")
    assert {file.name for file in tmp_path.rglob("*") if file.name != "out"} == {"model.tar.gz"}


def test_what_is_no_archive_is_refused(tmp_path):
    for name, content in (
        ("text", b"not gzip"),
        ("short", tar_with(tmp_path / "whole", member("a")).read_bytes()[:40]),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ArtifactUnreadableError, match=f"{name} cannot be unpacked: .*is expected"):
            unpack(tmp_path / name, tmp_path / "out")
