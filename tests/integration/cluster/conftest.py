"""The prepared data and the artifact of one host, as the unit tests of the model have them."""

from tests.unit.model.conftest import artifact, data, raw_as_written

__all__ = ["artifact", "data", "raw_as_written"]
