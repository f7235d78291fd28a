"""Trainings of two hosts on spot instances, killed at seeded moments: each ends right, and no half of one is kept."""

import random
import sys
import urllib.error
import urllib.request
from contextlib import suppress

import pytest
from tests.integration.runtime.conftest import wait
from tests.integration.training_deaths.jobs import ended, hosts_of, kill, rounds_of, trees

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform != "linux", reason="hosts need loopback addresses")]
# What dies: a host, the tracker's host, everything without notice, or the instances with AWS's notice.
DEATHS = ("algo-2", "algo-1", "both", "spot")


def let_die(twin, name, what, after):
    """Let `what` die once the job has told of round `after`."""
    wait(lambda: rounds_of(twin, name), lambda told: told["last"] >= after, seconds=120)
    if what == "spot":
        request = urllib.request.Request(f"{twin.endpoint}/_fairway/interruptions/{name}", method="POST")  # noqa: S310 -- the twin's own
        # Where it does not train at that moment there is nothing to take away: 404.
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 -- the twin's own
        return
    kill(process for host, process in hosts_of(name).items() if what in (host, "both"))


def test_ten_seeded_kills_end_with_the_bytes_of_a_training_that_lived(twin, start):
    lived = ended(twin, start("alive"))
    assert lived["TrainingJobStatus"] == "Completed", lived.get("FailureReason")
    alive = trees(twin, lived)
    chance = random.Random(6)  # noqa: S311 -- to be the same every time
    resumed = 0
    for number in range(10):
        what, place = DEATHS[number % len(DEATHS)], f"kill-{number}"
        after = chance.randrange(1, 300)
        name = start(place)
        let_die(twin, name, what, after)
        job = ended(twin, name)
        resumed += "resumed" in rounds_of(twin, name)["events"]
        if job["TrainingJobStatus"] == "Failed":
            assert job["FailureReason"].startswith("AlgorithmError: "), job["FailureReason"]
            assert not job.get("ModelArtifacts", {}).get("S3ModelArtifacts"), "a failed job leaves no artifact"
            again = start(place)
            job = ended(twin, again)
            resumed += "resumed" in rounds_of(twin, again)["events"]
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        assert trees(twin, job) == alive, f"{what} died after round {after}"
    assert resumed >= 5, "most deaths come after a checkpoint and before the end"
