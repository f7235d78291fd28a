"""What stands in for the model server of SageMaker's managed framework images, of which none can be pulled here.

The toolkit of those images (`sagemaker-inference`) runs the code of the artifact, as it does there; what stands in is
the server before it, on AWS the Multi Model Server. This file is all of its image, and uses nothing of fairway's.
"""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sagemaker_inference.transformer import Transformer

ML_ROOT = Path(os.environ.get("FAIRWAY_ML_ROOT", "/opt/ml"))


class Exchange:
    """What the toolkit asks of the server about one request, and tells it of the answer."""

    def __init__(self, content_type: str, accept: str) -> None:
        self.system_properties = {"model_dir": str(ML_ROOT / "model")}
        self.request_processor = [self]
        self.status, self.content_type = 200, "text/plain"
        self._asked = {"Content-Type": content_type, "Accept": accept}

    def get_request_properties(self) -> dict[str, str]:
        """Return the headers that the functions of script mode are given."""
        return self._asked

    def set_response_content_type(self, _request: int, content_type: str) -> None:
        """Take the type of the answer."""
        self.content_type = content_type

    def set_response_status(self, code: int, phrase: str) -> None:  # noqa: ARG002 -- HTTP/2 has no phrases either
        """Take the status of an answer that is none."""
        self.status = code


class Handler(BaseHTTPRequestHandler):
    """Answers what SageMaker asks a container."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    transformer: Any
    # A worker of those images answers one request at a time.
    turn = threading.Lock()

    def do_GET(self) -> None:
        """Answer /ping: whoever listens has loaded the model."""
        self._reply(200 if self.path == "/ping" else 404, b"", "text/plain")

    def do_POST(self) -> None:
        """Answer /invocations as the toolkit does."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        exchange = Exchange(self.headers.get("Content-Type", ""), self.headers.get("Accept", ""))
        with self.turn:
            [answer] = self.transformer.transform([{"body": body}], exchange)
        self._reply(exchange.status, answer if isinstance(answer, bytes) else answer.encode(), exchange.content_type)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log what was asked but healthy pings."""
        if self.path != "/ping":
            super().log_request(code, size)

    def _reply(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Load the model, then listen; a model that cannot be loaded ends the process with the reason."""
    # Those images put the submitted folder on Python's path.
    sys.path.insert(0, os.environ["SAGEMAKER_SUBMIT_DIRECTORY"])
    Handler.transformer = Transformer()
    Handler.transformer.validate_and_initialize(str(ML_ROOT / "model"), Exchange("", ""))
    address = os.environ.get("FAIRWAY_BIND_ADDRESS", "0.0.0.0")  # noqa: S104 -- in a container
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    ThreadingHTTPServer((address, port), Handler).serve_forever()


if __name__ == "__main__":
    main()
