"""The endpoints of these tests have variants of a program that does what its requests say."""

from tests.integration.modes.endpoints import config, image, model

__all__ = ["config", "image", "model"]
