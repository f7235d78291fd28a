"""What operations and engines are given: the twin's directory, store, clock, clients, roles and events."""

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import botocore.session
from botocore.config import Config

from fairway.twin.store import Resource, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fairway.twin.clock import Clock

__all__ = ["Credentials", "Resource", "RoleError", "Store", "Twin"]


class Engine(Protocol):
    """What runs a kind of resource."""

    def __init__(self, twin: "Twin") -> None: ...


EngineT = TypeVar("EngineT", bound=Engine)

# What ministack takes for the root user of an account: its number as the access key, and this secret.
ROOT_SECRET = "test"  # noqa: S105 -- the same on every machine, good for nothing but a process on the loopback


class RoleError(Exception):
    """A role does not exist, or does not trust the service that wants it; the message is AWS's."""


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of a role's session."""

    access_key: str
    secret_key: str
    session_token: str


class Twin:
    """The hands and the memory of the twin's own services."""

    def __init__(
        self,
        *,
        directory: "Path",
        endpoint: str,
        store: Store,
        clock: "Clock",
        repositories: "Mapping[str, Path] | None" = None,
    ) -> None:
        self.directory = directory
        # The bare repository that stands for owner/name at a connection's provider.
        self.repositories: Mapping[str, Path] = repositories or {}
        self.endpoint = endpoint
        self.store = store
        self.clock = clock
        self._session = botocore.session.Session()
        # Nothing of the user's own AWS configuration may reach the twin.
        self._session.set_config_variable("config_file", "/dev/null")
        self._session.set_config_variable("credentials_file", "/dev/null")
        self._lock = threading.Lock()
        self._root_clients: dict[tuple[str, str, str], Any] = {}
        self._engines: dict[type[Engine], Engine] = {}
        self._engines_lock = threading.RLock()  # an engine may want another one

    def engine(self, kind: type[EngineT]) -> EngineT:
        """Return the twin's one engine of a kind, made when it is first asked for."""
        with self._engines_lock:
            if kind not in self._engines:
                self._engines[kind] = kind(self)
            return cast("EngineT", self._engines[kind])

    def client(self, service: str, *, account: str, region: str, credentials: Credentials | None = None) -> Any:
        """Return a client of the twin itself; without credentials the account's root, AWS's own hand."""
        if credentials is not None:
            return self._new_client(service, region, credentials)
        key = (service, account, region)
        client = self._root_clients.get(key)
        if client is None:
            client = self._root_clients[key] = self._new_client(service, region, Credentials(account, ROOT_SECRET, ""))
        return client

    def _new_client(self, service: str, region: str, credentials: Credentials) -> Any:
        with self._lock:  # a botocore session makes clients in one thread at a time only
            return self._session.create_client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id=credentials.access_key,
                aws_secret_access_key=credentials.secret_key,
                aws_session_token=credentials.session_token or None,
                config=Config(max_pool_connections=50, proxies={}, s3={"addressing_style": "path"}),
            )

    def role_credentials(self, role_arn: str, *, service: str, session: str) -> Credentials:
        """Return credentials of a role that trusts `service`, as sagemaker.amazonaws.com; raise RoleError otherwise."""
        # Imported here because it loads ministack, whose settings are read at its import.
        from fairway.twin import base  # noqa: PLC0415

        return base.assume_for_service(role_arn, service=service, session=session)

    def emit(
        self,
        *,
        source: str,
        detail_type: str,
        detail: dict[str, Any],
        resources: "Sequence[str]",
        account: str,
        region: str,
    ) -> None:
        """Put an event of AWS's own on the account's default bus."""
        from fairway.twin import base  # noqa: PLC0415 -- see above

        entry = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail, default=_json_time),
            "Resources": list(resources),
            "EventBusName": "default",
        }
        base.put_event(entry, account=account, region=region)


def _json_time(value: Any) -> object:
    if hasattr(value, "timestamp"):
        return int(value.timestamp() * 1000)  # SageMaker's events carry epoch milliseconds
    raise TypeError(f"{type(value).__name__} cannot be part of an event")
