"""What a CreateTransformJob request may not ask for: of SageMaker, and of the twin."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairway.twin.runtime.transform_joining import FORMATS, Joining, media_type
from fairway.twin.runtime.transform_paths import PathError
from fairway.twin.runtime.transform_settings import PAYLOAD_MB

Request = Mapping[str, Any]

# The most that a request may hold, and that all requests at once may hold, of one instance.
LARGEST_MB = 100


def unsupported_transform(request: Request) -> str | None:
    """Return the first member of a request that the twin cannot honour, or None."""
    return next(_unsupported(request), None)


def _unsupported(request: Request) -> Iterator[str]:
    source = request["TransformInput"]
    kind, split = source["DataSource"]["S3DataSource"]["S3DataType"], source.get("SplitType", "None")
    if kind not in ("S3Prefix", "ManifestFile"):
        yield f"S3DataType {kind}"
    if split not in ("None", "Line"):
        yield f"SplitType {split}"
    if request.get("MaxPayloadInMB") == 0:
        yield "MaxPayloadInMB 0, which streams payloads by chunked encoding"
    for member in ("DataCaptureConfig", "ExperimentConfig"):
        if request.get(member):
            yield f"transform jobs with {member}"


def violations(request: Request) -> Iterator[str]:
    """Yield a sentence for each rule of SageMaker's that a request breaks."""
    largest, at_once = request.get("MaxPayloadInMB", PAYLOAD_MB), request.get("MaxConcurrentTransforms") or 1
    if largest > LARGEST_MB:
        yield f"MaxPayloadInMB cannot be greater than {LARGEST_MB}, and is {largest}."
    elif largest * at_once > LARGEST_MB:
        yield (
            f"MaxConcurrentTransforms * MaxPayloadInMB cannot exceed {LARGEST_MB} MB, and {at_once} * {largest} does."
        )
    try:
        yield from _joining(request, Joining.of(request))
    except PathError as error:
        yield f"The JSONPath expression {error}."


def _joining(request: Request, joining: Joining) -> Iterator[str]:
    """Yield what DataProcessing cannot work with: it knows three formats, one for both sides, split as assembled."""
    source, output = request["TransformInput"], request["TransformOutput"]
    if (joining.writes or not joining.input_filter.everything) and joining.kind not in FORMATS:
        yield f"DataProcessing needs a TransformInput.ContentType of {', '.join(FORMATS)}; it is {joining.kind!r}."
    if not joining.writes:
        return
    if media_type(output.get("Accept")) != joining.kind:
        yield (
            f"DataProcessing needs a TransformOutput.Accept that is the ContentType, {joining.kind!r}; it is "
            f"{output.get('Accept', '')!r}."
        )
    if source.get("SplitType", "None") != output.get("AssembleWith", "None"):
        yield (
            "DataProcessing needs the same SplitType and AssembleWith; they are "
            f"{source.get('SplitType', 'None')!r} and {output.get('AssembleWith', 'None')!r}."
        )
