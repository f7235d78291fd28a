"""The connection by which AWS reads the repository: Terraform makes it, and a person completes it by one click."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairway.errors import NotProvisionedError

if TYPE_CHECKING:
    from mypy_boto3_codeconnections import CodeConnectionsClient


@dataclass(frozen=True)
class Connection:
    """A connection of CodeConnections: PENDING until somebody completes it, then AVAILABLE."""

    name: str
    arn: str
    status: str
    region: str

    @property
    def identifier(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def address(self) -> str:
        """Where in the console it is completed."""
        return f"https://{self.region}.console.aws.amazon.com/codesuite/settings/connections"

    @property
    def words(self) -> str:
        """What a person is told of it: its status, and while it is PENDING what to do."""
        if self.status != "PENDING":
            return f"The connection {self.name} is {self.status}."
        return (
            f"The connection {self.name} is PENDING, and no push starts a pipeline: choose it, then *Update pending "
            f"connection*, at {self.address}"
        )


def find_connection(client: "CodeConnectionsClient", name: str, region: str) -> Connection:
    """Return the project's connection; `NotProvisionedError` where there is none."""
    pages = client.list_connections(ProviderTypeFilter="GitHub")["Connections"]
    found = next((each for each in pages if each["ConnectionName"] == name), None)
    if found is None:
        raise NotProvisionedError(f"The connection {name}", "`make apply ENV=delivery` makes it")
    return Connection(name, found["ConnectionArn"], found["ConnectionStatus"], region)
