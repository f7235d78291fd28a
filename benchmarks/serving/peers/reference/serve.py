"""Starts nginx and gunicorn and ends both when either ends, as the usual layout's `serve` does."""

import os
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(port: str, folder: Path) -> int:
    """Serve on a port of loopback, with what both write at run time in a folder."""
    configuration = (HERE / "nginx.conf").read_text().replace("PORT", port).replace("FOLDER", str(folder))
    (folder / "nginx.conf").write_text(configuration)
    gunicorn = [sys.executable, "-m", "gunicorn", "--workers", "2", "--timeout", "60"]
    gunicorn += ["--bind", f"unix:{folder}/gunicorn.sock", "benchmarks.serving.peers.reference.wsgi:app"]
    # On memory, where gunicorn's workers write their heartbeat: its own documentation advises it in containers.
    gunicorn += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108 -- every container has it
    nginx = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    children = [subprocess.Popen(gunicorn), subprocess.Popen(nginx)]
    # Waiting below ends with the first of them, which it makes end.
    signal.signal(signal.SIGTERM, lambda *_: children[0].terminate())
    os.wait()
    for child in children:
        child.terminate()
        child.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
