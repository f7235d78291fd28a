"""The package of the Lambda functions: the same sources make the same bytes on any machine, so a plan stays true."""

import io
import zipfile
from pathlib import Path
from tempfile import NamedTemporaryFile

from fairway.errors import FunctionPackageError

# What the functions import, beside the standard library and boto3, which Lambda's runtime has.
FILES = (
    "fairway/__init__.py", "fairway/errors/*.py", "fairway/functions/*.py", "fairway/serving/__init__.py",
    *(f"fairway/serving/{name}.py" for name in ("checks", "formats", "media", "reading_csv", "reading_json")),
)  # fmt: skip
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can hold


def write_package(sources: Path, package: Path) -> None:
    """Write the package of the functions below `sources`, whole or not at all; one that is right already stays."""
    content = build(sources)
    if package.exists() and package.read_bytes() == content:
        return
    package.parent.mkdir(parents=True, exist_ok=True)
    # Environments are planned beside each other: each has a part of its own, and the last one stays.
    with NamedTemporaryFile(dir=package.parent, suffix=".part", delete=False) as unfinished:
        unfinished.write(content)
    Path(unfinished.name).replace(package)


def build(sources: Path) -> bytes:
    """Return the package's bytes: sorted, dated alike, and stored, since compressors differ by their version."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for pattern in FILES:
            found = sorted(sources.glob(pattern))
            if not found:
                raise FunctionPackageError(sources / pattern)
            for file in found:
                member = zipfile.ZipInfo(file.relative_to(sources).as_posix(), _EPOCH)
                member.create_system, member.external_attr = 3, 0o644 << 16  # as Unix has it, readable by Lambda
                archive.writestr(member, file.read_bytes())
    return buffer.getvalue()
