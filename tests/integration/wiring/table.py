"""The table of faults, and what is no fault that a rehearsal could find."""

from tests.integration.wiring.table_builds import BUILDS, SOURCE
from tests.integration.wiring.table_steps import RELEASED, TRAINED, WORKFLOW

# An execution is tried again only as long as no later one has come to its stage.
FAULTS = [*SOURCE, *BUILDS, *WORKFLOW, *TRAINED, *RELEASED]

UNSEEN = {
    "flights-build-unit": ("ArtifactKey",),
    "flights-build-image": ("ArtifactKey", "SignIn"),
    "flights-build-train": ("ArtifactKey", "Owner", "RawKey"),
    "flights-build-plan": ("ArtifactKey", "Owner"),
    "flights-build-apply": ("ArtifactKey",),
    "flights-model-pipeline": ("Store",),
    "flights-release-prod-pipeline": ("Store",),
}
"""Statements that nothing on the twin asks for: without all of them at once, the pipelines run as well."""
