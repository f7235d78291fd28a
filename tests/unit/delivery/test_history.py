import pytest
from tests.unit.delivery.samples import EMPTY, commit, file, git, make_project, write_releases

from fairway.delivery.forge_local import LocalForge
from fairway.delivery.history import history
from fairway.delivery.promotion import propose_promotion, release_file, submit
from fairway.errors import CheckoutError


@pytest.fixture
def checkout(tmp_path):
    return make_project(tmp_path, {"dev": file("8", "7"), "staging": EMPTY})


def told(entries):
    return [(entry.version, entry.pull, entry.who) for entry in entries]


def test_what_was_merged_is_told_with_its_pull_request(checkout):
    forge = LocalForge(checkout.parent / "origin.git", ("Grace", "grace@example.com"))
    proposal = propose_promotion(forge, ["dev", "staging"], "dev", "staging")
    assert proposal is not None
    submit(forge, proposal)
    merged = forge.merge(1)
    git(checkout, "pull", "--quiet", "--ff-only", "origin", "main")
    [entry] = history(checkout, "staging")
    assert (entry.version, entry.pull, entry.who, entry.commit) == ("8", 1, "Grace", merged.merge_commit)
    assert entry.subject == "Merge pull request #1 from release/staging/8"


def test_when_is_told_in_one_time_zone(checkout, monkeypatch):
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-22T23:59:00-0500")
    write_releases(checkout, {"dev": file("9", "8")})
    commit(checkout, "Late")
    assert history(checkout, "dev")[0].when == "2026-11-23 04:59"


def test_a_squash_is_told_with_its_pull_request(checkout):
    write_releases(checkout, {"staging": file("8")})
    commit(checkout, "Release version 8 to staging (#12)")
    assert told(history(checkout, "staging")) == [("8", 12, "Ada")]


def test_what_changes_no_release_is_left_out(checkout):
    path = checkout / release_file("dev")
    path.write_text(path.read_text() + "\n")
    commit(checkout, "Another line")
    (checkout / "README.md").touch()
    commit(checkout, "Words")
    assert told(history(checkout, "dev")) == [("8", None, "Ada")]


def test_the_newest_is_first_and_a_rollback_is_a_change(checkout):
    for current, previous in (("9", "8"), ("8", "9")):
        write_releases(checkout, {"dev": file(current, previous)})
        commit(checkout, f"To {current}")
    assert [entry.version for entry in history(checkout, "dev")] == ["8", "9", "8"]


def test_a_commit_on_a_branch_is_not_told_before_it_is_merged(checkout):
    git(checkout, "switch", "--quiet", "--create", "side")
    write_releases(checkout, {"dev": file("9", "8")})
    commit(checkout, "On the side")
    git(checkout, "switch", "--quiet", "main")
    assert [entry.version for entry in history(checkout, "dev")] == ["8"]
    git(checkout, "merge", "--quiet", "--no-ff", "--message", "Merge pull request #3 from side", "side")
    assert told(history(checkout, "dev"))[0] == ("9", 3, "Ada")


def test_a_file_that_could_not_be_read_is_told_as_such(checkout):
    (checkout / release_file("dev")).write_text("{")
    commit(checkout, "Break it")
    assert [entry.version for entry in history(checkout, "dev")] == ["unreadable", "8"]


def test_an_environment_that_never_had_a_release_has_no_history(checkout):
    assert history(checkout, "staging") == []


def test_a_detached_head_has_a_history_too(checkout):
    git(checkout, "switch", "--quiet", "--detach")
    assert len(history(checkout, "dev")) == 1


def test_no_commits_is_a_sentence(tmp_path):
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(CheckoutError, match="'HEAD' names no commit here: commit first"):
        history(tmp_path / "empty", "dev")
