"""What ministack and its children find in the environment, which is read when ministack is imported."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairway.twin.clock import Clock

# Whatever the user's shell says to AWS tools, LocalStack or ministack must not reach the twin.
_FOREIGN = ("AWS_", "MINISTACK_", "LOCALSTACK_", "LAMBDA_", "SFN_", "S3_PERSIST", "SERVICES", "EDGE_PORT", "USE_SSL")

# What IAM was asked, in JSON lines (`base_trail`), below the twin's directory.
TRAIL_FILE = "trail.jsonl"


@dataclass(frozen=True)
class Settings:
    """Where the twin keeps its files, and what it answers for."""

    directory: Path
    port: int
    account: str
    region: str
    # owner/name, as a connection's provider has it -> the bare repository that stands for it
    repositories: Mapping[str, Path] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """The URL of every service; the address and not `localhost`, which would turn S3 to virtual hosts."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def temporary(self) -> Path:
        """Where temporary files go; every process that the twin starts has its TMPDIR below the twin's directory."""
        return self.directory / "tmp"


def configure(settings: Settings, clock: Clock) -> None:
    """Set the environment of this process."""
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    os.environ.pop("PYTHONPATH", None)  # a function must not find the working tree, from which the twin itself comes
    settings.temporary.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        {
            "AUTH": "true",
            "MINISTACK_ACCOUNT_ID": settings.account,
            "MINISTACK_REGION": settings.region,
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(settings.port),
            "BIND_HOST": "127.0.0.1",
            "LAMBDA_EXECUTOR": "local",
            "CLOUDTRAIL_RECORDING": "1",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "PERSIST_STATE": "0",
            "SFN_WAIT_SCALE": str(1 / clock.speed),
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(settings.temporary),
            "STATE_DIR": str(settings.directory / "state"),
            "S3_DATA_DIR": str(settings.directory / "s3"),
            # The user's own Docker is never looked at: ministack removes containers that it takes for its own.
            "DOCKER_HOST": f"unix://{settings.directory}/no-docker.sock",
        }
    )
