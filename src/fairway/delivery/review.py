"""A plan that somebody looks at before it is applied: the plan, what it says, and for which commit it was made.

Its digest covers all of that. A pipeline carries the digest past the approval, so that what was looked at is what is
applied, and nothing else.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fairway.delivery.terraform import Plan
from fairway.errors import PlanNotApprovedError

TOLD, PLAN, WORDS = "review.json", "plan.tfplan", "plan.txt"


@dataclass(frozen=True)
class Review:
    """What a reviewer is told: `changes` is False where there is nothing to apply, `evidence` is where to read on."""

    environment: str
    commit: str
    changes: bool
    summary: str
    evidence: str


def write(folder: Path, review: Review, words: list[str]) -> str:
    """Write a review beside its plan, which lies in `folder` already, and return the digest of both."""
    (folder / TOLD).write_text(json.dumps(asdict(review), indent=2) + "\n")
    (folder / WORDS).write_text("".join(f"{line}\n" for line in words))
    if not review.changes:
        (folder / PLAN).unlink(missing_ok=True)
    return digest(folder)


def read(folder: Path) -> Review:
    """Read the review in `folder`; `PlanNotApprovedError` if there is none."""
    try:
        return Review(**json.loads((folder / TOLD).read_text()))
    except FileNotFoundError as error:
        raise PlanNotApprovedError(f"{folder} holds no {TOLD}: the artifact of the plan's stage is expected") from error
    except (TypeError, ValueError) as error:
        raise PlanNotApprovedError(f"{folder / TOLD} is not what the plan's stage wrote ({error})") from error


def digest(folder: Path) -> str:
    """Return the SHA-256 of a review and its plan, in hexadecimal."""
    plan = folder / PLAN
    return hashlib.sha256((folder / TOLD).read_bytes() + (plan.read_bytes() if plan.exists() else b"")).hexdigest()


def approved(folder: Path, *, environment: str, commit: str, sha256: str) -> Plan:
    """Return the plan in `folder`; `PlanNotApprovedError` unless it is the approved one, for this commit."""
    folder = folder.resolve()  # Terraform works in another one
    review = read(folder)
    for what, found, wanted in (
        ("the digest of the plan", digest(folder), sha256),
        ("the environment of the plan", review.environment, environment),
        ("the commit of the plan", review.commit, commit),
    ):
        if found != wanted:
            raise PlanNotApprovedError(f"{what} is {found}, and {wanted or 'none'} was approved")
    return Plan(folder / PLAN, changes=review.changes)
