"""An artifact with the code that a managed framework image runs: the same files make the same bytes on any machine."""

import gzip
import io
import tarfile
from pathlib import Path

from fairway.errors import FunctionPackageError

PROGRAM = "inference.py"
"""What SAGEMAKER_PROGRAM names, and the toolkit's own default."""

_PROGRAM = '''"""What the managed image calls; the rest of this folder is what it needs."""

from fairway.serving.script_mode import input_fn, model_fn, output_fn, predict_fn

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]
'''
_FILES = ("fairway/__init__.py", "fairway/errors/*.py", "fairway/serving/*.py", "model/*.py")
_CODE = "code"


def with_code(archive: Path, sources: Path, written: Path) -> None:
    """Write a copy of a model archive that also holds `code/`: the program, and the sources below `sources`.

    SageMaker unpacks it at /opt/ml/model, so SAGEMAKER_SUBMIT_DIRECTORY is /opt/ml/model/code.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        with tarfile.open(archive) as given:
            for member in sorted(given.getmembers(), key=lambda each: each.name):
                if member.isfile() and not member.name.removeprefix("./").startswith(f"{_CODE}/"):
                    _add(made, member.name.removeprefix("./"), given.extractfile(member).read())  # type: ignore[union-attr]  # it is a file
        _add(made, f"{_CODE}/{PROGRAM}", _PROGRAM.encode())
        for pattern in _FILES:
            found = sorted(sources.glob(pattern))
            if not found:
                raise FunctionPackageError(sources / pattern)
            for file in found:
                _add(made, f"{_CODE}/{file.relative_to(sources).as_posix()}", file.read_bytes())
    with written.open("wb") as target, gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as packed:
        packed.write(buffer.getvalue())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    archive.addfile(member, io.BytesIO(content))
