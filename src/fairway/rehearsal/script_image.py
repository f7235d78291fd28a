"""An image for script mode on the twin, which cannot pull SageMaker's managed framework images."""

from pathlib import Path

from fairway.delivery.oci import PROGRAM, OciImage, build_image

REQUIREMENTS = "requirements/script-mode.txt"
SERVER = "script_server.py"


def build(checkout: Path) -> OciImage:
    """Build the image of the toolkit: the server that hands requests to it, and the lock of what both need."""
    server = Path(__file__).with_name(SERVER)
    files = {"requirements.txt": (checkout / REQUIREMENTS).read_bytes(), SERVER: server.read_bytes()}
    return build_image(files, ("python", f"/{PROGRAM}/{SERVER}"))
