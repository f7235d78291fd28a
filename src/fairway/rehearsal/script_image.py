"""An image for script mode on the twin, which cannot pull SageMaker's managed framework images."""

from pathlib import Path

from fairway.delivery import access
from fairway.delivery.image import publish_image
from fairway.delivery.oci import PROGRAM, OciImage, build_image
from fairway.errors import StandInImageError
from fairway.settings import Settings

REQUIREMENTS = "requirements/script-mode.txt"
SERVER = "script_server.py"


def push(settings: Settings) -> str:
    """Push what stands in for SageMaker's managed images to the project's repository; return its address by digest."""
    if not access.is_local(settings):
        raise StandInImageError
    ecr = access.client(settings, "ecr")
    repositories = ecr.describe_repositories(repositoryNames=[settings.project.project])["repositories"]
    return publish_image(build(settings.root), repository_url=repositories[0]["repositoryUri"], ecr=ecr)


def build(checkout: Path) -> OciImage:
    """Build the image of the toolkit: the server that hands requests to it, and the lock of what both need."""
    server = Path(__file__).with_name(SERVER)
    files = {"requirements.txt": (checkout / REQUIREMENTS).read_bytes(), SERVER: server.read_bytes()}
    return build_image(files, ("python", f"/{PROGRAM}/{SERVER}"))
