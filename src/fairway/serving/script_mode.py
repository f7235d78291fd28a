"""Script mode: what SageMaker's managed framework images (XGBoost's, for one) call instead of a server of ours.

The image's own toolkit loads the model once in each of its workers, then for each request reads, predicts and writes.
Source: "Adapting your own inference container", sagemaker-inference-toolkit; the four functions are its contract.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from fairway.errors import RequestError
from fairway.serving.formats import choose_answer, read_batch, write_answer
from fairway.serving.predictor import load_predictor
from model import InputError, Predictor


@dataclass(frozen=True)
class Request:
    """A body as it came: it is read where the model is at hand, whose schema says what is expected."""

    body: bytes
    content_type: str


def model_fn(model_dir: str) -> Predictor:
    """Load the artifact that was unpacked in `model_dir`, and make it answer once."""
    return load_predictor(Path(model_dir))


def input_fn(input_data: bytes | str, content_type: str) -> Request:
    """Keep a body, which the toolkit has decoded where its type is text."""
    return Request(input_data.encode() if isinstance(input_data, str) else bytes(input_data), content_type)


def predict_fn(input_object: Request, model: Predictor) -> Sequence[Mapping[str, object]]:
    """Read the rows by the model's schema, and predict; a client's mistake is answered with its sentence."""
    with _told_to_the_client():
        return model.predict(read_batch(input_object.body, input_object.content_type, model.schema))


def output_fn(prediction: Sequence[Mapping[str, object]], accept: str) -> tuple[bytes, str]:
    """Write the predictions in the type that is accepted, and say which that is."""
    with _told_to_the_client():
        media_type = choose_answer(accept)
        return write_answer(prediction, media_type), media_type


@contextmanager
def _told_to_the_client() -> Iterator[None]:
    try:
        yield
    except (RequestError, InputError) as error:
        # The toolkit is in the managed images alone; any other exception it answers with 500.
        from sagemaker_inference.errors import BaseInferenceToolkitError  # noqa: PLC0415

        status = HTTPStatus(getattr(error, "status", HTTPStatus.BAD_REQUEST))
        raise BaseInferenceToolkitError(status.value, str(error), status.phrase) from error
