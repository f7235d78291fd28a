"""CodeConnections, under both of its names: connections that are pending until a person completes them."""

from typing import TYPE_CHECKING

from fairway.twin.services.codeconnections import connections

if TYPE_CHECKING:
    from fairway.twin.context import Twin

__all__ = ["close", "connections"]


def close(_twin: "Twin") -> None:
    """Nothing runs."""
