import re
from dataclasses import replace

import pytest
from tests.unit.delivery.samples import EMPTY, ORDER, commit, file, git, make_project, release, write_releases

from fairway.delivery import releases
from fairway.delivery.forge import Change
from fairway.delivery.forge_local import LocalForge
from fairway.delivery.promotion import (
    propose_promotion,
    propose_rollback,
    release_file,
    require_neighbours,
    submit,
)
from fairway.errors import (
    ForgeRaceError,
    NoReleaseError,
    PromotionLostError,
    PromotionRefusedError,
    ReleaseError,
    UnknownEnvironmentError,
)


@pytest.fixture
def checkout(tmp_path):
    return make_project(tmp_path, {"dev": file("8", "7"), "staging": file("7"), "prod": EMPTY})


@pytest.fixture
def forge(checkout):
    return LocalForge(checkout.parent / "origin.git")


def push(checkout, **files):
    git(checkout, "pull", "--quiet", "--ff-only", "origin", "main")
    write_releases(checkout, files)
    commit(checkout, "Change releases")
    git(checkout, "push", "--quiet", "origin", "main")


def proposed(forge, source, target):
    proposal = propose_promotion(forge, ORDER, source, target)
    assert proposal is not None
    return proposal


def read(forge, environment, branch="main"):
    return releases.parse(forge.read(release_file(environment), forge.head(branch)), environment)


@pytest.mark.parametrize(
    ("source", "target"), [("dev", "prod"), ("staging", "dev"), ("dev", "dev"), ("prod", "staging")]
)
def test_a_release_goes_to_the_next_environment_only(source, target):
    with pytest.raises(PromotionRefusedError, match="dev → staging → prod, one environment at a time"):
        require_neighbours(ORDER, source, target)


@pytest.mark.parametrize(("source", "target"), [("dev", "staing"), ("qa", "prod")])
def test_an_unknown_environment_names_the_known(source, target):
    with pytest.raises(UnknownEnvironmentError, match="expected one of dev, staging, prod"):
        require_neighbours(ORDER, source, target)


def test_promotion_moves_the_current_release_to_previous(forge):
    proposal = proposed(forge, "dev", "staging")
    assert (proposal.branch, proposal.title) == ("release/staging/8", "Release version 8 to staging")
    assert (proposal.old, proposal.new) == (file("7"), file("8", "7"))


def test_what_the_target_has_already_is_nothing_to_do(checkout, forge):
    push(checkout, staging=file("8", "6"))
    assert propose_promotion(forge, ORDER, "dev", "staging") is None


def test_a_source_without_a_release_is_refused(checkout, forge):
    push(checkout, staging=EMPTY)
    with pytest.raises(NoReleaseError, match="staging runs no release"):
        proposed(forge, "staging", "prod")


def test_a_broken_release_file_is_refused(checkout, forge):
    (checkout / release_file("dev")).write_text("{}")
    commit(checkout, "Break it")
    git(checkout, "push", "--quiet", "origin", "main")
    with pytest.raises(ReleaseError, match=r"dev/release\.json: `current` is missing"):
        proposed(forge, "dev", "staging")


def test_an_environment_that_was_not_pushed_is_refused(forge):
    with pytest.raises(PromotionRefusedError, match="holds no terraform/environments/qa"):
        propose_promotion(forge, ["dev", "qa"], "dev", "qa")


def test_the_pull_request_changes_one_file_and_nothing_else(forge):
    outcome = submit(forge, proposed(forge, "dev", "staging"))
    assert (outcome.done, outcome.pull.number, outcome.superseded) == ("opened", 1, ())
    changed = git(forge.repository, "diff", "--name-only", "main...release/staging/8")
    assert changed == release_file("staging")
    assert read(forge, "staging", "release/staging/8") == file("8", "7")
    assert read(forge, "staging") == file("7")
    forge.merge(1)
    assert read(forge, "staging") == file("8", "7")


def test_the_same_promotion_again_changes_nothing(forge):
    first = submit(forge, proposed(forge, "dev", "staging"))
    head = forge.head("release/staging/8")
    again = submit(forge, proposed(forge, "dev", "staging"))
    assert (again.done, again.pull) == ("unchanged", first.pull)
    assert forge.head("release/staging/8") == head


def test_new_evidence_updates_the_pull_request_that_is_open(forge):
    proposal = proposed(forge, "dev", "staging")
    submit(forge, replace(proposal, body="before"))
    outcome = submit(forge, replace(proposal, body="after"))
    assert (outcome.done, [pull.body for pull in forge.pulls()]) == ("updated", ["after"])


def test_a_promotion_from_another_start_brings_its_branch_up_to_date(checkout, forge):
    submit(forge, proposed(forge, "dev", "staging"))
    push(checkout, staging=file("6"))
    outcome = submit(forge, proposed(forge, "dev", "staging"))
    assert (outcome.done, outcome.pull.number) == ("updated", 1)
    assert read(forge, "staging", "release/staging/8") == file("8", "6")
    forge.merge(1)
    assert read(forge, "staging") == file("8", "6")


def test_another_version_takes_the_place_of_an_open_promotion(checkout, forge):
    submit(forge, proposed(forge, "dev", "staging"))
    push(checkout, dev=file("9", "8"))
    outcome = submit(forge, proposed(forge, "dev", "staging"))
    assert (outcome.pull.number, outcome.superseded) == (2, (1,))
    assert [pull.head for pull in forge.pulls()] == ["release/staging/9"]


class KilledError(Exception):
    """The process ended."""


@pytest.mark.parametrize("step", ["commit", "open_pull", "close_pull"])
@pytest.mark.parametrize("after", [False, True])
def test_what_was_killed_between_two_steps_is_brought_to_its_end_by_the_next_run(
    checkout, forge, monkeypatch, step, *, after
):
    submit(forge, proposed(forge, "dev", "staging"))
    push(checkout, dev=file("9", "8"))

    def die(*arguments, **told):
        if after:
            getattr(LocalForge, step)(forge, *arguments, **told)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(forge, step, die)
        with pytest.raises(KilledError):
            submit(forge, proposed(forge, "dev", "staging"))
    submit(forge, proposed(forge, "dev", "staging"))
    assert [pull.head for pull in forge.pulls()] == ["release/staging/9"]
    forge.merge(forge.pulls()[0].number)
    assert read(forge, "staging") == file("9", "7")


def test_promotions_to_two_environments_leave_each_other_alone(forge):
    submit(forge, proposed(forge, "staging", "prod"))
    outcome = submit(forge, proposed(forge, "dev", "staging"))
    assert outcome.superseded == ()
    assert len(forge.pulls()) == 2


def test_rollback_swaps_the_two(forge):
    proposal = propose_rollback(forge, ORDER, "dev")
    assert (proposal.branch, proposal.new) == ("release/dev/rollback-7", file("7", "8"))
    submit(forge, proposal)
    forge.merge(1)
    assert read(forge, "dev") == file("7", "8")


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_rollback_needs_a_previous_release(forge, environment):
    with pytest.raises(PromotionRefusedError, match=f"Rollback of {environment} is refused: .* no previous release"):
        propose_rollback(forge, ORDER, environment)


def test_rollback_of_an_unknown_environment_names_the_known(forge):
    with pytest.raises(UnknownEnvironmentError):
        propose_rollback(forge, ORDER, "qa")


def test_a_rollback_goes_before_a_promotion(checkout, forge):
    push(checkout, staging=file("7", "6"))
    submit(forge, proposed(forge, "dev", "staging"))
    assert submit(forge, propose_rollback(forge, ORDER, "staging")).superseded == (1,)
    with pytest.raises(PromotionRefusedError, match=re.escape("a rollback of staging is open (#2)")):
        submit(forge, proposed(forge, "dev", "staging"))


def test_promoted_again_after_a_rollback(forge):
    submit(forge, proposed(forge, "dev", "staging"))
    forge.merge(1)
    submit(forge, propose_rollback(forge, ORDER, "staging"))
    forge.merge(2)
    assert read(forge, "staging") == file("7", "8")
    submit(forge, proposed(forge, "dev", "staging"))
    forge.merge(3)
    assert read(forge, "staging") == file("8", "7")


class Meanwhile:
    """A forge on which somebody else does something right before our pull request is opened."""

    def __init__(self, forge, act):
        self._forge, self._act = forge, act

    def __getattr__(self, name):
        return getattr(self._forge, name)

    def open_pull(self, **told):
        self._act()
        return self._forge.open_pull(**told)


def test_of_two_versions_at_once_the_first_wins_and_the_other_is_told(forge):
    ours = proposed(forge, "dev", "staging")

    def theirs():
        base = forge.head("main")
        text = releases.to_text(releases.ReleaseFile(current=release("9"), previous=release("7")))
        forge.commit(Change("release/staging/9", release_file("staging"), text, "m"), base=base, old=None)
        forge.open_pull(head="release/staging/9", base="main", title="Release version 9 to staging", body="")

    with pytest.raises(PromotionLostError, match=r"got there first \(#1, 'Release version 9 to staging'\)"):
        submit(Meanwhile(forge, theirs), ours)
    assert [pull.number for pull in forge.pulls()] == [1]


def test_of_the_same_twice_at_once_one_is_opened_and_the_other_is_told(forge):
    proposal = proposed(forge, "dev", "staging")

    def theirs():
        submit(forge, proposal)

    with pytest.raises(ForgeRaceError, match="pull request that is open, #1"):
        submit(Meanwhile(forge, theirs), proposal)
    assert len(forge.pulls()) == 1
