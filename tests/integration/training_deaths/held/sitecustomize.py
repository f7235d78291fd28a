"""Cuts uploads off in the midst of their bodies. Python imports this at its start, where the folder is on its path.

HELD names a folder. While it has the file `cut`, whose text a PUT's path contains, half of the body is sent, then, for
as long as there is the file `hold`, nothing; then the connection is lost, and so is that of whoever tries again. The
file `half` says that the first one has come so far.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["HELD"])
SECONDS = 120  # a test that died leaves nobody waiting

_paths: dict[int, str] = {}  # of what each connection sends


def _audit(event: str, told: tuple[Any, ...]) -> None:
    if event == "http.client.send" and isinstance(told[1], bytes):
        _sending(*told)


def _sending(connection: Any, data: bytes) -> None:
    if b" HTTP/1.1\r\n" in data[:2000]:
        method, path = data.decode("latin-1").split(" ", 2)[:2]
        _paths[id(connection)] = path if method == "PUT" else ""
    elif _is_cut(_paths.get(id(connection), "")):
        connection.sock.sendall(data[: len(data) // 2])
        (FOLDER / "half").touch()
        until = time.monotonic() + SECONDS
        while (FOLDER / "hold").exists() and time.monotonic() < until:
            time.sleep(0.01)
        raise ConnectionResetError("the machine that sends this has died")


def _is_cut(path: str) -> bool:
    try:
        return (FOLDER / "cut").read_text() in path
    except FileNotFoundError:
        return False


sys.addaudithook(_audit)
