"""What the twin's own services remember: resources in memory, found by kind, account, region and name."""

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairway.twin.clock import Clock

Key = tuple[str, str, str, str]


@dataclass(eq=False)
class Resource:
    """One stored resource; `attributes` are what Describe answers are shaped from, in botocore's types."""

    kind: str
    account: str
    region: str
    name: str
    arn: str
    attributes: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What no two resources share."""
        return (self.kind, self.account, self.region, self.name)


class AlreadyStoredError(Exception):
    """A resource of that kind, account, region and name is there already."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(f"{resource.kind} {resource.name!r} is stored already as {resource.arn}")
        self.resource = resource


class Store:
    """Thread-safe: an update is seen whole or not at all, as attributes are replaced and never changed in place."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._resources: dict[Key, Resource] = {}
        self._by_arn: dict[str, Resource] = {}

    def add(self, resource: Resource) -> None:
        """Remember a new resource; raise AlreadyStoredError, which names the old one, if its name is taken."""
        with self._lock:
            present = self._resources.get(resource.key)
            if present is not None:
                raise AlreadyStoredError(present)
            self._resources[resource.key] = self._by_arn[resource.arn] = resource

    def get(self, kind: str, account: str, region: str, name: str) -> Resource | None:
        """Return the resource, or None."""
        return self._resources.get((kind, account, region, name))

    def list(self, kind: str, account: str | None = None, region: str | None = None) -> list[Resource]:
        """Return all resources of a kind, in the order of their creation."""
        with self._lock:
            found = [resource for resource in self._resources.values() if resource.kind == kind]
        return [r for r in found if account in (None, r.account) and region in (None, r.region)]

    def find(self, arn: str) -> Resource | None:
        """Return the resource with that ARN, or None."""
        return self._by_arn.get(arn)

    def update(self, resource: Resource, **attributes: Any) -> None:
        """Set attributes, and LastModifiedTime unless it is among them."""
        with self._lock:
            resource.attributes = {**resource.attributes, "LastModifiedTime": self._clock.now(), **attributes}

    def locked(self) -> AbstractContextManager[object]:
        """Keep others from changing anything while several steps are one; this thread may use the store meanwhile."""
        return self._lock

    def remove(self, resource: Resource) -> None:
        """Forget the resource; one that is forgotten already is no error, as two threads may end the same one."""
        with self._lock:
            if self._resources.get(resource.key) is resource:
                del self._resources[resource.key], self._by_arn[resource.arn]
