import gzip
import io
import json
import os
import re
import tarfile
from pathlib import Path

import pytest

from fairway.delivery.oci import PROGRAM, SOURCES, build_image, digest_of, read_sources
from fairway.errors import ImageSourceError

REPOSITORY = Path(__file__).parents[3]


def checkout(root, *, reverse=False, mtime=0):
    """A checkout of the fewest files, its files made in either order, at a given time."""
    files = {
        "requirements/serving.txt": "numpy==2\n",
        "src/fairway/__init__.py": "",
        "src/fairway/container.py": "run()\n",
        "src/fairway/errors/base.py": "",
        "src/fairway/jobs/train.py": "train()\n",
        "src/fairway/serving/serve.py": "serve()\n",
        "src/model/__init__.py": "",
        "src/model/deep/weights.json": "[1]",
    }
    for name in sorted(files, reverse=reverse):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name])
        os.utime(path, (mtime, mtime))
    return root


def digest(root):
    return build_image(read_sources(root)).digest


def test_the_same_sources_give_the_same_digest_whatever_their_age_order_mode_and_company(tmp_path):
    one, other = checkout(tmp_path / "one"), checkout(tmp_path / "other", reverse=True, mtime=1_700_000_000)
    (other / "src/model/__init__.py").chmod(0o755)
    (other / "src/model/README.md").write_text("says nothing to the program")
    (other / "src/model/.swap").write_text("")
    (other / "src/model/__pycache__").mkdir()
    (other / "src/model/__pycache__/x.cpython-311.pyc").write_bytes(b"")
    (other / "src/fairway/twin.py").write_text("not of the image")
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    "name", ["src/model/deep/weights.json", "src/fairway/errors/base.py", "requirements/serving.txt"]
)
def test_a_changed_byte_changes_the_digest(tmp_path, name):
    before = digest(checkout(tmp_path))
    (tmp_path / name).write_text("2")
    assert digest(tmp_path) != before


def test_a_new_file_changes_the_digest(tmp_path):
    before = digest(checkout(tmp_path))
    (tmp_path / "src/model/new.py").write_text("")
    assert digest(tmp_path) != before


def test_the_documents_of_the_image_name_each_other_by_digest_and_say_how_to_start(tmp_path):
    image = build_image(read_sources(checkout(tmp_path)))
    manifest, config = json.loads(image.manifest.content), json.loads(image.config.content)
    assert image.digest == digest_of(image.manifest.content)
    assert manifest["config"] == {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": digest_of(image.config.content),
        "size": len(image.config.content),
    }
    assert [layer["digest"] for layer in manifest["layers"]] == [digest_of(image.layer.content)]
    assert config["rootfs"]["diff_ids"] == [digest_of(gzip.decompress(image.layer.content))]
    assert config["config"] == {
        "Entrypoint": ["python", "-m", "fairway.container"],
        "Env": ["PYTHONPATH=/opt/program", "PYTHONUNBUFFERED=1"],
        "Labels": {"fairway.requirements": "/opt/program/requirements.txt"},
        "WorkingDir": "/opt/program",
    }


def test_the_layer_is_plain_files_of_nobody(tmp_path):
    image = build_image(read_sources(checkout(tmp_path)))
    with tarfile.open(fileobj=io.BytesIO(image.layer.content), mode="r:gz") as tar:
        entries = tar.getmembers()
        weights = tar.extractfile("opt/program/model/deep/weights.json")
        assert weights is not None
        assert weights.read() == b"[1]"
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)
    assert {entry.name for entry in entries if entry.isdir()} == {
        "opt",
        PROGRAM,
        *(
            f"{PROGRAM}/{folder}"
            for folder in ("fairway", "fairway/errors", "fairway/jobs", "fairway/serving", "model", "model/deep")
        ),
    }
    assert {(entry.uid, entry.gid, entry.mtime, entry.mode) for entry in entries if entry.isfile()} == {
        (0, 0, 0, 0o644)
    }


def test_a_checkout_that_lacks_something_is_refused(tmp_path):
    (checkout(tmp_path) / "src/fairway/jobs/train.py").unlink()
    with pytest.raises(ImageSourceError, match=r"jobs holds no file"):
        read_sources(tmp_path)


def test_a_link_is_refused(tmp_path):
    (checkout(tmp_path) / "src/model/link.py").symlink_to("/etc/hostname")
    with pytest.raises(ImageSourceError, match=r"link\.py is no plain file"):
        read_sources(tmp_path)


def test_the_dockerfile_and_its_ignore_file_let_in_what_the_layer_holds():
    ignore = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == {
        "requirements/serving.txt",
        *(f"src/{source}" for source in SOURCES),
    }
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (\S+) /opt/program/(\S+)$", dockerfile, re.MULTILINE)
    assert copied == [
        ("requirements/serving.txt", "requirements.txt"),
        ("src/fairway", "fairway"),
        ("src/model", "model"),
    ]
    config = json.loads(build_image({}).config.content)["config"]
    assert f"ENTRYPOINT {json.dumps(config['Entrypoint'])}" in dockerfile
    assert all(variable in dockerfile for variable in config["Env"])
