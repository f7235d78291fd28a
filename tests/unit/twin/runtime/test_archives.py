"""The same files always give the same archive, and an archive stays where it is unpacked."""

import io
import os
import tarfile

import pytest

from fairway.twin.runtime.archives import pack, unpack, unpack_layer


def fill(directory, names, moment):
    directory.mkdir()
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(0o600 if moment else 0o640)
        os.utime(path, (moment, moment))


def test_order_time_and_mode_of_the_host_do_not_matter(tmp_path):
    fill(tmp_path / "one", ["b", "a/c", "a/b"], 0)
    fill(tmp_path / "two", ["a/b", "a/c", "b"], 1_000_000)
    pack(tmp_path / "one", tmp_path / "one.tar.gz")
    pack(tmp_path / "two", tmp_path / "two.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    unpack(tmp_path / "one.tar.gz", tmp_path / "back")
    assert {str(p.relative_to(tmp_path / "back")) for p in (tmp_path / "back").rglob("*")} == {"a", "a/b", "a/c", "b"}


def test_an_executable_stays_one(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "run").touch(mode=0o700)
    pack(tmp_path / "in", tmp_path / "a.tar.gz")
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        assert [oct(member.mode) for member in tar] == ["0o755"]


def tar_of(path, **members):
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


def test_a_member_that_would_leave_is_refused(tmp_path):
    archive = tar_of(tmp_path / "a.tar", **{"..__evil": b"x"})
    with pytest.raises(tarfile.OutsideDestinationError):
        unpack(archive, tmp_path / "to")
    assert not (tmp_path / "evil").exists()


def test_a_layer_deletes_what_it_marks(tmp_path):
    root = tmp_path / "root"
    fill(root, ["keep", "gone", "full/a", "full/b"], 0)
    layer = tar_of(tmp_path / "l.tar", **{".wh.gone": b"", "full__.wh..wh..opq": b"", "full__c": b"new"})
    unpack_layer(layer, root)
    assert {str(p.relative_to(root)) for p in root.rglob("*")} == {"keep", "full", "full/c"}


def test_an_absolute_link_of_a_layer_leads_into_its_own_root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    unpack_layer(tar_of(tmp_path / "l.tar", etc__name=b"inside", usr__name="/etc/name"), root)
    assert (root / "usr/name").read_text() == "inside"
