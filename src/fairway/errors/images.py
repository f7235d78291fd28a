"""Images that are built, pushed and checked."""

from fairway.errors.base import FairwayError


class BaseImageError(FairwayError):
    """On AWS the base of an image is content, not a name that moves."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"The base image {given!r} is not named by digest: expected <repository>@sha256:<64 hexadecimal digits>, "
            "as `docker buildx imagetools inspect python:3.11-slim-bookworm` prints it."
        )


class ImageSourceError(FairwayError):
    """A checkout does not hold what the image is made of."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"The image cannot be built: {path} {problem}.")


class ImagePushError(FairwayError):
    """The image repository did not take the image."""

    def __init__(self, repository: str, reason: str) -> None:
        super().__init__(f"The image could not be pushed to {repository}: {reason}.")


class DockerError(FairwayError):
    """A docker command failed; its own last words are the reason."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"docker {command} failed: {reason}")


class ImageCheckError(FairwayError):
    """`make image-check` cannot run, or found the image wanting."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"image-check: {problem}.")


class ImageNotByDigestError(FairwayError):
    """The training workflow is given an image whose name may come to mean another one."""

    def __init__(self, image: str) -> None:
        super().__init__(
            f"IMAGE is {image!r}: an address by digest (…@sha256:…) is expected; `make image` writes it to build/image."
        )


class StandInImageError(FairwayError):
    """An image that stands in for SageMaker's managed ones on the twin was asked for on AWS, which has them."""

    def __init__(self) -> None:
        super().__init__(
            "What `make script-image` builds stands in for SageMaker's managed images on the twin: on AWS, name one of "
            "those by its digest in `endpoint.script_mode` (docs/modes.md)."
        )
