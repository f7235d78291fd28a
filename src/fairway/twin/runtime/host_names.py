"""Hosts of a job on one machine: a loopback address each, and names that resolve between them, without privileges.

Where the kernel lets a user make namespaces, a host sees an `/etc/hosts` of its own, and every program resolves its
names. Elsewhere (containers that forbid it, macOS) Python programs do, by a `sitecustomize` before the image's own.
"""

import secrets
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What the hosts reach each other over; on AWS it is eth0.
INTERFACE = "lo" if sys.platform == "linux" else "lo0"
_ETC_HOSTS = Path("/etc/hosts")
_ENTER = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"')
_RESOLVER = '''"""Resolves the names of the hosts of a job, as /etc/hosts would."""
import json, os, socket

_names = json.loads(os.environ["FAIRWAY_TWIN_HOSTS"])
_getaddrinfo, _gethostbyname = socket.getaddrinfo, socket.gethostbyname
socket.getaddrinfo = lambda host, *more, **named: _getaddrinfo(_names.get(host, host), *more, **named)
socket.gethostbyname = lambda host: _gethostbyname(_names.get(host, host))
'''


def addresses(names: "Sequence[str]") -> dict[str, str]:
    """Return a loopback address for each name, which no other job has; the same one for all where there is but one."""
    if sys.platform != "linux":
        return dict.fromkeys(names, "127.0.0.1")
    # 127.64.0.0/10 leaves the addresses alone that systems give to services of their own.
    network = f"127.{64 + secrets.randbelow(64)}.{secrets.randbelow(256)}"
    return {name: f"{network}.{number}" for number, name in enumerate(names, 1)}


def write_hosts(folder: Path, known: "Mapping[str, str]") -> Path:
    """Write what the hosts of a job find in /etc/hosts: the machine's own lines, and their names."""
    path = folder / "hosts"
    own = _ETC_HOSTS.read_text(encoding="utf-8") if _ETC_HOSTS.is_file() else ""
    path.write_text("".join(f"{address} {name}\n" for name, address in known.items()) + own, encoding="utf-8")
    return path


@cache
def namespaces_work() -> bool:
    """Tell whether a process may have an /etc/hosts of its own here."""
    try:
        tried = subprocess.run([*_ENTER, "/etc/hosts", "true"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def entering(hosts: Path) -> list[str]:
    """Return the words before a command that let it see `hosts` as /etc/hosts."""
    return [*_ENTER, str(hosts)]


def write_resolver(folder: Path) -> Path:
    """Write the module that resolves the names for Python alone; return the folder that PYTHONPATH begins with."""
    place = folder / "resolver"
    place.mkdir()
    (place / "sitecustomize.py").write_text(_RESOLVER, encoding="utf-8")
    return place
