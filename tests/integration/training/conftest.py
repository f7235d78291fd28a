"""Fixtures that jobs need, as the tests of the runtime have them."""

from tests.integration.runtime.conftest import execution_role

__all__ = ["execution_role"]
