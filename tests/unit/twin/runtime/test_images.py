"""What an image's address says, and how its configuration becomes a command of this machine."""

import pytest

from fairway.twin.runtime.failures import CallerError
from fairway.twin.runtime.images import Image, Reference

HOST = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("uri", "repository", "identifier"),
    [
        (f"{HOST}/flights@{DIGEST}", "flights", {"imageDigest": DIGEST}),
        (f"{HOST}/team/flights:v1.2", "team/flights", {"imageTag": "v1.2"}),
        (f"{HOST}/flights", "flights", {"imageTag": "latest"}),
    ],
)
def test_an_address_is_read(uri, repository, identifier):
    reference = Reference.parse(uri)
    assert (reference.account, reference.region) == ("111111111111", "eu-west-1")
    assert (reference.repository, reference.identifier) == (repository, identifier)


@pytest.mark.parametrize(
    "uri", ["flights", "docker.io/library/python:3.11", f"{HOST}/flights@sha256:abc", f"{HOST}/Flights:x"]
)
def test_what_is_not_in_ecr_is_refused(uri):
    with pytest.raises(CallerError, match="is not in ECR; expected"):
        Reference.parse(uri)


@pytest.fixture
def image(tmp_path):
    root, python = tmp_path / "root", tmp_path / "environment" / "bin"
    (root / "opt/program").mkdir(parents=True)
    (root / "opt/program/train.py").touch()
    (root / "opt/program/start.sh").touch()
    python.mkdir(parents=True)
    (python / "python").touch()
    return Image(
        uri="the/image",
        digest=DIGEST,
        root=root,
        python=python,
        entrypoint=("python", "/opt/program/train.py"),
        command=("train",),
        environment={"PYTHONPATH": "/opt/program:/nowhere", "PATH": "/opt/program:/usr/bin", "DATA": "/opt/ml/input"},
        working_directory="/opt/program",
    )


def test_a_command_gets_paths_of_this_machine(image, tmp_path):
    ml, program = tmp_path / "ml", image.root / "opt/program"
    assert image.start(["serve", "--in", "/opt/ml/input/data", "/etc/none", "/"], ml) == [
        str(image.python / "python"),
        str(program / "train.py"),
        "serve",
        "--in",
        f"{ml}/input/data",
        "/etc/none",
        "/",
    ]
    assert image.variables(ml) == {
        "PYTHONPATH": f"{program}:/nowhere",
        "PATH": f"{image.python}:{program}:/usr/bin",
        "DATA": f"{ml}/input",
    }
    assert image.directory() == program
    assert image.local({"CODE": "/opt/ml/model/code", "NAME": "a:/opt/mlx", "URL": "http://127.0.0.1:80/"}, ml) == {
        "CODE": f"{ml}/model/code",
        "NAME": "a:/opt/mlx",
        "URL": "http://127.0.0.1:80/",
    }


def test_an_entry_point_of_the_request_takes_the_commands_place(image, tmp_path):
    assert image.start([], tmp_path)[2:] == ["train"]
    assert image.start([], tmp_path, ["start.sh"]) == [str(image.root / "opt/program/start.sh")]


@pytest.mark.parametrize("program", ["java", "/usr/bin/java"])
def test_a_program_that_is_not_there_is_named(image, tmp_path, program):
    with pytest.raises(
        CallerError, match=f"its program '{program}' is neither in the image nor in its Python environment"
    ):
        image.start([], tmp_path, [program])


def test_the_images_own_python_is_never_run(image, tmp_path):
    (image.root / "usr/bin").mkdir(parents=True)
    (image.root / "usr/bin/python3").touch()
    assert image.start([], tmp_path, ["/usr/bin/python3", "-c", "1"])[0] == str(image.python / "python")
