"""Files that are either whole or not there, and the sentence for a full disk."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# No space, no quota, or the process's own limit of a file's size.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNFINISHED = ".unfinished"


class DiskFullError(ValueError):
    """A file could not be written for want of space; nothing of it is left."""

    def __init__(self, path: Path, free: int) -> None:
        super().__init__(
            f"no space to write {path.parent.name}/{path.name}: {free >> 20} MB are free in {path.parent}. Give the "
            "job a larger volume (volume_gigabytes of its job in the environment's training), or more instances"
        )


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield where to write what becomes `path` when the block ends well, and is gone when it does not.

    Written aside, synchronised, renamed: whoever finds `path` finds all of it. Raises DiskFullError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + _UNFINISHED)
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(path, shutil.disk_usage(path.parent).free) from error
        raise
    finally:
        aside.unlink(missing_ok=True)
