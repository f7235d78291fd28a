"""What an artifact carries for script mode."""

from pathlib import Path

import fairway
import model
from fairway.jobs.files import hash_files
from fairway.jobs.script_code import FOLDER, PROGRAM, write_code


def test_the_program_and_the_sources_that_it_needs_are_there_and_nothing_else(tmp_path):
    write_code(tmp_path)
    found = hash_files(tmp_path / FOLDER)
    assert PROGRAM in found
    assert {"fairway/__init__.py", "fairway/serving/script_mode.py", "model/predictor.py"} <= found.keys()
    assert {name.split("/")[1] for name in found if name.startswith("fairway/")} == {
        "__init__.py",
        "errors",
        "serving",
    }
    assert {Path(name).suffix for name in found} == {".py"}


def test_it_is_the_code_that_runs_here(tmp_path):
    write_code(tmp_path)
    for package in (fairway, model):
        sources = Path(package.__path__[0])
        for path in (tmp_path / FOLDER / package.__name__).rglob("*.py"):
            name = path.relative_to(tmp_path / FOLDER / package.__name__)
            assert path.read_bytes() == (sources / name).read_bytes()
