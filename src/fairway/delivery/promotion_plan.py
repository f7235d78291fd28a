"""What Terraform would do if a proposal were merged: planned in a tree of its own, told in a few lines."""

import re
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from fairway.delivery import releases
from fairway.delivery.git import git, origin_of
from fairway.delivery.promotion import Proposal, release_file
from fairway.delivery.provision import Provisioner
from fairway.delivery.terraform import Listener
from fairway.settings import Settings

_RESOURCE = re.compile(r"^\s*# (?P<address>\S+) (?P<what>(?:will|must) be .+|has (?:moved|changed).*)$")
_TOTAL = re.compile(r"^(Plan: .+|No changes\..*)$")


def plan_of(settings: Settings, proposal: Proposal, listen: Listener) -> str:
    """Plan the proposal's environment from the commit that it starts from, with its release file, and summarise.

    Neither the checkout's files nor its own kept plan are touched.
    """
    origin_of(settings.root)
    folder = settings.build / "promotion"
    folder.mkdir(parents=True, exist_ok=True)
    git(settings.root, "fetch", "--quiet", "origin")
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        tree = Path(temporary) / "tree"
        git(settings.root, "worktree", "add", "--quiet", "--detach", str(tree), proposal.base)
        try:
            releases.write(tree / release_file(proposal.environment), proposal.new)
            return summary(replace(settings, root=tree), proposal.environment, listen)
        finally:
            git(settings.root, "worktree", "remove", "--force", str(tree))


def summary(settings: Settings, environment: str, listen: Listener) -> str:
    """Plan an environment, forget the plan, and summarise it."""
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        listen(line)

    with tempfile.TemporaryDirectory() as directory:  # a plan that is kept for `apply` stays as it is
        Provisioner(settings, listen=hear).plan(environment, file=Path(directory) / "plan.tfplan")
    return summarise(lines)


def summarise(lines: Iterable[str]) -> str:
    """Return the counts that Terraform ends a plan with, and one line for each resource that it would touch."""
    told = [line.rstrip() for line in lines]
    resources = [f"{found['address']} {found['what']}" for line in told if (found := _RESOURCE.match(line))]
    totals = [line for line in told if _TOTAL.match(line)]
    return "\n".join([*totals[-1:], *sorted(resources)])
