import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fairway.delivery.function_package import build, write_package
from fairway.errors import FunctionPackageError

SOURCES = Path(__file__).parents[3] / "src"


def test_the_same_sources_make_the_same_bytes(tmp_path):
    for file in (file for part in ("functions", "serving", "errors") for file in SOURCES.glob(f"fairway/{part}/*.py")):
        copy = tmp_path / file.relative_to(SOURCES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    (tmp_path / "fairway/__init__.py").write_bytes((SOURCES / "fairway/__init__.py").read_bytes())
    assert build(tmp_path) == build(SOURCES)


def test_the_package_holds_all_that_the_functions_import(tmp_path):
    package = tmp_path / "build" / "functions.zip"
    write_package(SOURCES, package)
    program = (
        f"import sys; sys.path.insert(0, {str(package)!r}); import fairway.functions.predict, fairway.functions.check; "
        "print(fairway.functions.predict.__file__)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(str(package)), done.stderr


def test_a_package_that_is_right_stays(tmp_path):
    package = tmp_path / "functions.zip"
    write_package(SOURCES, package)
    written = package.stat().st_ino
    write_package(SOURCES, package)
    assert package.stat().st_ino == written
    package.write_bytes(b"another")
    write_package(SOURCES, package)
    assert package.read_bytes() == build(SOURCES)


def test_a_checkout_without_functions_is_refused(tmp_path):
    with pytest.raises(FunctionPackageError, match="cannot be built"):
        build(tmp_path)


def test_several_that_write_at_once_leave_one_whole_package(tmp_path):
    package = tmp_path / "functions.zip"

    def write(_number):
        package.write_bytes(b"old")
        write_package(SOURCES, package)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert package.read_bytes() == build(SOURCES)
    assert [file.name for file in tmp_path.iterdir()] == ["functions.zip"]
