"""What jobs and endpoints have in common: a role's session, its image, its environment, and a process made of them."""

import contextlib
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.twin.context import RoleError
from fairway.twin.runtime.channels import Channels
from fairway.twin.runtime.failures import CallerError
from fairway.twin.runtime.logs import LogStream
from fairway.twin.runtime.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fairway.twin.context import Credentials, Resource, Twin
    from fairway.twin.runtime.images import Image, Images

SERVICE = "sagemaker.amazonaws.com"


@dataclass(frozen=True)
class Session:
    """A role in use: its credentials, and clients that act with them."""

    twin: "Twin"
    role: str
    account: str
    region: str
    name: str
    credentials: "Credentials"

    @classmethod
    def open(cls, twin: "Twin", role: str, resource: "Resource") -> "Session":
        """Assume the role for SageMaker; raise CallerError when it cannot be."""
        try:
            credentials = twin.role_credentials(role, service=SERVICE, session="SageMaker")
        except RoleError as error:
            raise CallerError(str(error)) from error
        return cls(twin, role, resource.account, resource.region, resource.name, credentials)

    def client(self, service: str) -> Any:
        """Return a client that acts as the role."""
        return self.twin.client(service, account=self.account, region=self.region, credentials=self.credentials)

    def channels(self) -> Channels:
        """Return S3 as the role sees it."""
        return Channels(self.client("s3"), role=self.role, region=self.region)

    def logs(self, group: str, stream: str) -> LogStream:
        """Return a stream of CloudWatch Logs that is written as the role."""
        return LogStream(lambda: self.client("logs"), group, stream)

    def variables(self) -> dict[str, str]:
        """Return what an AWS SDK in the container finds: this role, this region, this twin."""
        return {
            "AWS_ACCESS_KEY_ID": self.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_key,
            "AWS_SESSION_TOKEN": self.credentials.session_token,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.twin.endpoint,
        }


@dataclass(frozen=True)
class Container:
    """Everything that decides how a process starts."""

    session: Session
    image: "Image"
    folder: Path
    arguments: "Sequence[str]"
    variables: "Mapping[str, str]"
    entrypoint: "Sequence[str]" = ()
    before: "Sequence[str]" = ()  # words that the command is started by

    @property
    def ml_root(self) -> Path:
        """What SageMaker mounts at /opt/ml."""
        return self.folder / "ml"

    def start(self, on_line: "Callable[[str], None]", on_exit: "Callable[[int], None]" = lambda _code: None) -> Process:
        """Start it; raise RunError. The request's variables win over the image's, the twin's over both."""
        return Process(
            [*self.before, *self.image.start(self.arguments, self.ml_root, self.entrypoint)],
            variables={
                **self.image.variables(self.ml_root),
                **self.image.local(self.variables, self.ml_root),
                **self.session.variables(),
                "FAIRWAY_ML_ROOT": str(self.ml_root),
            },
            directory=self.image.directory(),
            home=self.folder / "home",
            on_line=on_line,
            on_exit=on_exit,
        )


def stream_name(job: str, host: str = "algo-1") -> str:
    """Return the name of the log stream of one of a job's instances, as SageMaker builds it."""
    return f"{job}/{host}-{int(time.time())}"


def mounted(local_path: str, ml_root: Path) -> Path:
    """Return where a path of the container's /opt/ml lies here; raise CallerError for one outside of it."""
    match = re.fullmatch(r"/opt/ml((?:/(?!\.\.(?:/|$))[^/]+)*)/?", local_path)
    if match is None:
        raise CallerError(f"LocalPath {local_path!r} is not below /opt/ml, which is all that this twin mounts")
    return ml_root / match[1].lstrip("/")


def written_reason(path: Path) -> str:
    """Return what a container wrote about its failure; empty when it wrote nothing."""
    with contextlib.suppress(OSError):
        return path.read_text(errors="replace").strip()
    return ""


def pull(images: "Images", uri: str, session: Session) -> "Image":
    """Pull as the session's role."""
    return images.pull(uri, session.credentials)
