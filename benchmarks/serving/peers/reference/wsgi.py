"""What gunicorn serves."""

from benchmarks.serving.peers.reference.predictor import app

__all__ = ["app"]
