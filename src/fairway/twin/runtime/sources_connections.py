"""Connections to a repository's host: pending until a person clicks, and used with the permission of a role."""

from typing import TYPE_CHECKING

from fairway.twin.store import Resource

if TYPE_CHECKING:
    from fairway.twin.context import Credentials, Store, Twin

CONNECTION = "Connection"
PENDING, AVAILABLE = "PENDING", "AVAILABLE"


class UnusableConnectionError(Exception):
    """A connection does not exist, is not available, or may not be used by a role; the message says which."""

    def __init__(self, message: str, *, permission: bool = False) -> None:
        super().__init__(message)
        self.permission = permission


def complete(store: "Store", identity: str) -> Resource | None:
    """Do what a click in the console does: the connection of that id is available from now on."""
    found = next((one for one in store.list(CONNECTION) if one.arn.rpartition("/")[2] == identity), None)
    if found is not None:
        store.update(found, ConnectionStatus=AVAILABLE)
    return found


def is_available(store: "Store", arn: str) -> bool:
    """Tell whether a connection exists and somebody has completed it."""
    connection = store.find(arn)
    return connection is not None and connection.attributes.get("ConnectionStatus") == AVAILABLE


def use_connection(
    twin: "Twin", credentials: "Credentials", arn: str, *, repository: str, branch: str, account: str, region: str
) -> None:
    """Use a connection as a role's session does for a repository; raise UnusableConnectionError when it may not.

    The permission is UseConnection of the service that the connection's ARN names, on that ARN.
    """
    # Imported here because it loads ministack, whose settings are read at its import.
    from fairway.twin import base, base_events  # noqa: PLC0415

    service = arn.split(":")[2]
    context = {f"{service}:FullRepositoryId": repository, f"{service}:BranchName": branch}
    try:
        base_events.use_permission(
            credentials,
            f"{service}:UseConnection",
            arn,
            account=account,
            region=region,
            context=context,
            parameters={"connectionArn": arn, "fullRepositoryId": repository, "branchName": branch},
        )
    except base.RefusedError as error:
        raise UnusableConnectionError(
            f"Unable to use Connection: {arn}. The provided role does not have sufficient permissions. ({error})",
            permission=True,
        ) from error
    connection = twin.store.find(arn)
    if connection is None or connection.kind != CONNECTION:
        raise UnusableConnectionError(f"Connection {arn} was not found.")
    if connection.attributes["ConnectionStatus"] != AVAILABLE:
        raise UnusableConnectionError(
            f"Connection {arn} is not available: its status is {connection.attributes['ConnectionStatus']}. A person "
            "completes it once in the console (Developer Tools, Settings, Connections, Update pending connection)."
        )
