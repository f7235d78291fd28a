"""The container of a model, as endpoints and transform jobs start it: `serve`, with the artifact at /opt/ml/model."""

import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tarfile import TarError
from typing import TYPE_CHECKING

from fairway.twin.runtime.archives import unpack
from fairway.twin.runtime.containers import Container, Session
from fairway.twin.runtime.failures import CallerError

if TYPE_CHECKING:
    from fairway.twin.runtime.images import Image


def new_identity() -> str:
    """Return the name of a new instance."""
    return f"i-{secrets.token_hex(9)[:17]}"


def serving_container(
    session: Session, image: "Image", variables: Mapping[str, str], artifact: Path | None, folder: Path
) -> Callable[[int], Container]:
    """Return what makes the container that listens on a port; each has a new file system, as on AWS."""

    def container(port: int) -> Container:
        shutil.rmtree(folder, ignore_errors=True)
        _unpack_model(artifact, folder / "ml" / "model")
        where = {"SAGEMAKER_BIND_TO_PORT": str(port), "FAIRWAY_BIND_ADDRESS": "127.0.0.1"}
        return Container(session, image, folder, ["serve"], {**variables, **where})

    return container


def _unpack_model(artifact: Path | None, directory: Path) -> None:
    directory.mkdir(parents=True)
    if artifact is None:
        return
    try:
        unpack(artifact, directory)
    except (TarError, OSError) as error:
        raise CallerError(f"Unable to extract the model data archive: {error}") from error
