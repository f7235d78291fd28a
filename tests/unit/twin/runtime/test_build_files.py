"""Artifacts' patterns as AWS documents them, and zips that keep modes."""

import zipfile

import pytest

from fairway.twin.runtime.build_artifacts import of_pipeline, of_project
from fairway.twin.runtime.build_failures import PhaseError
from fairway.twin.runtime.build_files import read_zip, select, write_zip
from fairway.twin.runtime.build_spec import Buildspec, Files

# The tree of the reference's example of base directories, and some more.
TREE = (
    "my-build-1/my-file-1.txt",
    "my-build-2/my-file-2.txt",
    "my-build-2/my-subdirectory/my-file-3.txt",
    "target/app.jar",
    "target/.hidden",
    ".config/settings",
    "README",
)


@pytest.fixture
def source(tmp_path):
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (Files(("README",)), {"README"}),
        (Files(("./target/app.jar",)), {"target/app.jar"}),
        (Files(("target/*",)), {"target/app.jar", "target/.hidden"}),
        (Files(("*",)), {"README"}),
        (Files(("my-build-2/**/*",)), {"my-build-2/my-file-2.txt", "my-build-2/my-subdirectory/my-file-3.txt"}),
        (Files(("**/*",)), set(TREE)),
        (Files(("**/*.txt",)), {name for name in TREE if name.endswith(".txt")}),
        (Files(("*/my-file-3.txt",), "my-build-2"), {"my-subdirectory/my-file-3.txt"}),
        (Files(("**/*",), "my-build*", discard_paths=True), {"my-file-1.txt", "my-file-2.txt", "my-file-3.txt"}),
        (Files(("**/*",), excluded=("**/.*/**/*", "**/.*", "my-*/**")), {"target/app.jar", "README"}),
        (Files(("nothing/*",)), set()),
    ],
)
def test_patterns(source, files, names):
    assert set(select(source, files)) == names


def test_a_base_directory_that_is_not_there(source):
    with pytest.raises(PhaseError, match="no matching base directory path found for dist"):
        select(source, Files(("**/*",), "dist"))


def test_a_zip_keeps_modes_and_gives_the_same_bytes(source, tmp_path):
    (source / "README").chmod(0o755)
    archives = [tmp_path / "a.zip", tmp_path / "b.zip"]
    for archive in archives:
        write_zip({"in/README": source / "README"}, archive)

    read_zip(archives[0], tmp_path / "unpacked")

    assert archives[0].read_bytes() == archives[1].read_bytes()
    assert (tmp_path / "unpacked/in/README").stat().st_mode & 0o777 == 0o755


def test_a_zip_stays_in_its_directory(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../outside", "x")

    read_zip(tmp_path / "evil.zip", tmp_path / "below" / "here")

    assert not (tmp_path / "below" / "outside").exists()
    (tmp_path / "no.zip").write_text("text")
    with pytest.raises(PhaseError, match="is no zip file"):
        read_zip(tmp_path / "no.zip", tmp_path / "below")


SPEC = Buildspec(artifacts=Files(("a",), name="named"), secondary_artifacts={"plan": Files(("plan",))})


@pytest.mark.parametrize(
    ("outputs", "patterns"),
    [
        ({"image": "s3://b/k"}, {"image": ("a",)}),
        ({"plan": "s3://b/k"}, {"plan": ("plan",)}),
        ({}, {}),
    ],
)
def test_outputs_of_a_pipeline(outputs, patterns):
    found = {one.identifier: one.files.patterns for one in of_pipeline(SPEC, outputs, None)}
    assert found == patterns


def test_an_output_that_the_buildspec_does_not_make():
    with pytest.raises(PhaseError, match="no artifacts for the output artifact 'image'"):
        list(of_pipeline(SPEC, {"image": "s3://b/k", "plan": "s3://b/l"}, None))


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "project"),
        ({"path": "/out/"}, "out/project"),
        ({"namespaceType": "BUILD_ID", "path": "out"}, "out/uuid/project"),
        ({"overrideArtifactName": True}, "NAMED"),
    ],
)
def test_keys_of_a_projects_artifact(settings, key):
    artifacts = {"type": "S3", "location": "bucket", "name": "project", **settings}
    build = {"artifactSettings": {"artifacts": artifacts}, "encryptionKey": "arn:aws:kms:r:a:alias/aws/s3"}

    [artifact] = of_project(SPEC, build, "uuid", str.upper)

    assert (artifact.place.bucket, artifact.place.key, artifact.kms_key) == ("bucket", key, None)
