"""Starts granian as the container does, for an application that answers a constant: what is left then is the server.

Usage: python serve.py PORT WORKERS
"""

import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces

from fairway.serving.serve import CONNECTIONS, THREADS

if __name__ == "__main__":
    Granian(
        "benchmarks.serving.peers.constant.wsgi:application",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=int(sys.argv[2]),
        blocking_threads=THREADS,
        backpressure=CONNECTIONS,
        websockets=False,
    ).serve()
