"""SIGKILL at seeded random moments of delivery: the next run converges, and the endpoint has answered throughout.

In the gate a few moments; `make kills` takes thirty, and writes what happened at each.
"""

import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from tests.integration.kills.act import SHARE, UNLOCK, Moment, again, kill_at, moments, processes, strike, wait_for
from tests.integration.kills.conftest import Stage
from tests.integration.kills.inventory import inventory, listed, orphans
from tests.integration.kills.stage import done, states
from tests.integration.main_job.checkout import ROOT, Checkout, ended

from fairway.delivery.forge_local import LocalForge
from fairway.traffic import read_record

pytestmark = pytest.mark.long

SEED = 20261122
COUNT = int(os.environ.get("FAIRWAY_KILLS", "5"))
SILENCE = 5.0
"""Seconds between two requests beyond which the endpoint, or its client, cannot be said to have gone on."""


@pytest.mark.timeout(600 + 120 * COUNT)
def test_whatever_is_killed_the_next_run_converges(stage: Stage) -> None:
    lines: list[str] = []
    for moment in moments(COUNT, SEED):
        lines.append(happen(stage, moment))
        if "FAIRWAY_KILLS" in os.environ:
            report(ROOT / "docs/kills.md", lines, len(read_record(stage.record)))
    planned = done(stage.checkout.fairway("plan", "prod"))
    assert "No changes." in planned.out, planned.out
    sent = read_record(stage.record)
    assert [each for each in sent if each.error] == []
    gaps = [after.at - before.at for before, after in pairwise(sorted(sent, key=lambda each: each.at))]
    assert max(gaps) < SILENCE


def test_a_pipelines_plan_imports_what_a_killed_apply_left(stage: Stage) -> None:
    """The plan is made by the role that reads, and applied by its digest in another clone, as the builds do."""
    checkout = stage.checkout
    anybody = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{checkout.account}:root"}}
    trust = {"Version": "2012-10-17", "Statement": [anybody | {"Action": "sts:AssumeRole"}]}  # here no build is run
    iam = checkout.client("iam")
    iam.update_assume_role_policy(RoleName="flights-plan", PolicyDocument=json.dumps(trust))
    process = checkout.start("apply", "staging")
    wait_for(lambda: "flights-staging-endpoint" in listed(iam, "list_roles", "Roles", "RoleName", {}))
    assert strike(checkout.root, process, "terraform")
    ended(process)
    lock = wait_for_end(checkout)
    reviewed = done(checkout.fairway("review", "staging"))
    digest = re.search(r"PLAN_SHA256=(\w+)", (checkout.root / "build/review/variables").read_text())
    assert digest
    if lock:
        refused = checkout.fairway("apply-reviewed", "staging", PLAN_SHA256=digest[1])
        assert refused.code == 1
        assert f"make unlock ENV=staging LOCK={lock}" in refused.err
        done(checkout.fairway("unlock", "staging", lock))
    done(checkout.fairway("apply-reviewed", "staging", PLAN_SHA256=digest[1]))
    assert re.search(r"staging with version \d+\. Plan: [1-9]\d* to import", reviewed.out), reviewed.out
    assert orphans(checkout.client, states(checkout)) == {}
    assert "No changes." in done(checkout.fairway("plan", "staging")).out
    done(checkout.fairway("destroy", "staging"))


def wait_for_end(checkout: Checkout) -> str:
    """Wait until no Terraform runs; return the ID of the lock that the last one left, if it left one."""
    wait_for(lambda: not processes(checkout.root))
    locked = checkout.fairway("plan", "staging")
    found = UNLOCK.search(locked.err)
    return found[2] if found else ""


def test_destroying_all_of_it_leaves_nothing(stage: Stage) -> None:
    """Bootstrap's own stays, which holds the states; AWS keeps keys for a week."""
    checkout = stage.checkout
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: done(checkout.fairway("destroy", name)), ("dev", "prod")))
    done(checkout.fairway("destroy", "delivery"))
    left = states(checkout)
    assert [key for key, state in left.items() if state["resources"]] == ["bootstrap/terraform.tfstate"]
    assert orphans(checkout.client, left) == {}
    assert inventory(checkout.client)["alarms"] == set()


def happen(stage: Stage, moment: Moment) -> str:
    """Kill at a moment, run it again, look at what is left; return a line of the report."""
    checkout, began = stage.checkout, time.monotonic()
    words = {
        "create": ("apply", "staging"), "apply": ("apply", "prod"), "promote": ("promote", "dev", "prod"),
        "rollback": ("rollback", "prod", "--reason", "A test."),
    }[moment.kind]  # fmt: skip
    result, doing = kill_at(checkout, words, moment, SHARE[moment.kind] * stage.seconds)
    told = again(checkout, words)
    assert orphans(checkout.client, states(checkout)) == {}, (moment, doing)
    assert checkout.locks() == []
    assert processes(checkout.root) == [], moment
    forge = LocalForge(stage.origin)
    if moment.kind in ("promote", "rollback"):
        [pull] = forge.pulls()
        done(checkout.fairway("merge", str(pull.number)))
    else:
        # A Terraform that was killed is not taken for a release that is bad.
        assert forge.pulls() == [], (moment, result.err)
    if moment.kind == "create":
        done(checkout.fairway("destroy", "staging"))
        assert orphans(checkout.client, states(checkout)) == {}, moment
    assert [path for folder in (stage.origin, checkout.root / ".git") for path in folder.rglob("*.lock")] == []
    took, after = time.monotonic() - began, ", ".join(told) or "at once"
    return (
        f"| {moment.number} | {moment.kind} | {moment.victim} | {moment.at:.2f} | `{doing}` | {after} | {took:.0f} s |"
    )


def report(path: Path, lines: list[str], sent: int) -> None:
    """Write what happened at each moment."""
    columns = ("", "command", "killed", "at, of its time", "its last line", "then", "all of it")
    head = f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}"
    words = (
        f"Written by `make kills`, seed {SEED}. Each line is a SIGKILL; then the same command was run again until it "
        f"was done. Nothing in the account was in no state afterwards. Requests to production meanwhile: {sent}."
    )
    path.write_text("\n".join([f"# Killed at {len(lines)} moments", "", words, "", head, *lines, ""]))
