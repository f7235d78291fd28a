"""Names of hosts that resolve on one machine, as a program started there sees them."""

import json
import os
import subprocess
import sys

import pytest

from fairway.twin.runtime import host_names

ASK = "import socket; print(socket.gethostbyname('algo-2'), socket.getaddrinfo('algo-1', 80)[0][4][0])"


def test_hosts_have_addresses_of_their_own_which_no_other_job_has():
    one, other = (host_names.addresses(["algo-1", "algo-2"]) for _ in range(2))
    if sys.platform == "linux":
        assert len({*one.values(), *other.values()}) == 4
    assert all(address.startswith("127.") for address in one.values())


def test_a_host_sees_an_etc_hosts_of_its_own(tmp_path):
    if not host_names.namespaces_work():
        pytest.skip("this machine lets nobody make namespaces")
    hosts = host_names.write_hosts(tmp_path, {"algo-1": "127.99.0.1", "algo-2": "127.99.0.2"})
    command = [*host_names.entering(hosts), sys.executable, "-c", ASK]
    assert subprocess.check_output(command, text=True).split() == ["127.99.0.2", "127.99.0.1"]


def test_without_namespaces_python_resolves_them(tmp_path):
    names = json.dumps({"algo-1": "127.99.0.1", "algo-2": "127.99.0.2"})
    place = host_names.write_resolver(tmp_path)
    environ = {**os.environ, "PYTHONPATH": str(place), "FAIRWAY_TWIN_HOSTS": names}
    assert subprocess.check_output([sys.executable, "-c", ASK], env=environ, text=True).split() == [
        "127.99.0.2",
        "127.99.0.1",
    ]
