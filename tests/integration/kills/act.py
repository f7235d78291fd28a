"""A command, a moment, a SIGKILL; then what a user does: the same command, and what it says to do."""

import contextlib
import itertools
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.integration.kills.stage import done
from tests.integration.main_job.checkout import PROMPTLY, Checkout, Result, ended

UNLOCK = re.compile(r"`make unlock ENV=(\w+) LOCK=([0-9a-f-]{36})`")
CYCLE = ("create", "promote", "apply", "rollback", "apply")
VICTIMS = {
    "apply": ("terraform", "provider", "command", "all"),
    "create": ("terraform", "provider", "command", "all"),
    "promote": ("command", "all"),
    "rollback": ("all", "command"),
}
SHARE = {"create": 0.8, "apply": 0.6, "promote": 0.4, "rollback": 0.4}
"""How long each takes, of the time that it takes to make an environment."""


@dataclass(frozen=True)
class Moment:
    """What is killed, in what, and after which part of the time that it takes."""

    number: int
    kind: str
    victim: str
    at: float


def moments(count: int, seed: int) -> list[Moment]:
    """Return so many moments; the same ones for the same seed, and those of a smaller count first."""
    chance = random.Random(seed)  # noqa: S311 -- the same moments each time, no secret
    victims = {kind: itertools.cycle(each) for kind, each in VICTIMS.items()}
    kinds = [CYCLE[number % len(CYCLE)] for number in range(count)]
    return [Moment(number, kind, next(victims[kind]), chance.random()) for number, kind in enumerate(kinds)]


def processes(root: Path) -> list[tuple[int, str]]:
    """Return the Terraforms and providers that run below a folder, which no other test's do."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            program = Path((entry / "cmdline").read_bytes().split(b"\0")[0].decode()).name
            if program.startswith("terraform") and (entry / "cwd").readlink().is_relative_to(root):
                found.append((int(entry.name), "provider" if "provider" in program else "terraform"))
    return found


def kill_at(checkout: Checkout, words: tuple[str, ...], moment: Moment, seconds: float) -> tuple[Result, str]:
    """Start a command and kill the victim at the moment; return how the command ended, and what it was doing."""
    process = checkout.start(*words)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moment.at * seconds)
    killed = strike(checkout.root, process, moment.victim)
    result = ended(process)
    lines = [line for line in result.out.splitlines() if line.strip()]
    doing = lines[-1].strip()[:90] if lines else "it had said nothing"
    return result, doing if killed else "it had ended"


def strike(root: Path, process: "subprocess.Popen[str]", victim: str) -> bool:
    """Kill; a Terraform or a provider as soon as there is one. Return whether there was anything to kill."""
    while process.poll() is None:
        victims = [pid for pid, program in processes(root) if victim in (program, "all")]
        if victim == "all":
            os.killpg(process.pid, signal.SIGKILL)  # with the Git that it may have started
        if victim == "command":
            process.kill()
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if victims or victim in ("command", "all"):
            return True
        time.sleep(0.01)
    return False


def again(checkout: Checkout, words: tuple[str, ...]) -> list[str]:
    """Run a command until it is done, doing what it says between; return what it was told on the way.

    Nothing else may come of it than that the state is locked; whether by a Terraform that lives the user looks.
    """
    told: list[str] = []
    until = time.monotonic() + PROMPTLY
    while (result := checkout.fairway(*words)).code:
        lock = UNLOCK.search(result.err)
        assert lock, result.out[-2000:] + result.err
        assert time.monotonic() < until, told
        wait_for(lambda: "terraform" not in {program for _, program in processes(checkout.root)})
        if checkout.locks():
            done(checkout.fairway("unlock", *lock.groups()))
            told.append("unlocked")
        else:
            told.append("waited")
    return told


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PROMPTLY
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
