import json
import os
import threading

import pytest
from tests.unit.delivery.samples import git, make_project

from fairway.delivery.forge import Change
from fairway.delivery.forge_local import LocalForge
from fairway.errors import (
    ForgeError,
    ForgeNotFoundError,
    ForgeRaceError,
    ForgeRefusedError,
    ForgeUnreachableError,
    MergeConflictError,
)


@pytest.fixture
def forge(tmp_path):
    make_project(tmp_path, {})
    return LocalForge(tmp_path / "origin.git", ("Ada", "ada@example.com"))


def propose(forge, branch="change", content="one\n", path="notes.txt"):
    """Commit a file to a branch and open its pull request."""
    base = forge.head("main")
    forge.commit(Change(branch, path, content, f"Write {path}"), base=base, old=forge.head(branch))
    return forge.open_pull(head=branch, base="main", title=f"Write {path}", body=f"It says {content}")


def test_a_commit_adds_its_file_to_what_the_base_holds(forge):
    base = forge.head("main")
    made = forge.commit(Change("a/b", "deep/er/file", "text\n", "Say it"), base=base, old=None)
    assert forge.head("a/b") == made
    assert forge.read("deep/er/file", made) == "text\n"
    assert forge.read("project.json", made) == forge.read("project.json", base)
    assert forge.read("deep/er/file", base) is None
    assert git(forge.repository, "log", "-1", "--format=%an <%ae> %s", made) == "Ada <ada@example.com> Say it"


def test_the_start_of_a_branch_name_is_no_branch(forge):
    forge.commit(Change("release/dev/7", "f", "x", "m"), base=forge.head("main"), old=None)
    assert forge.head("release") is None
    assert forge.head("release/dev") is None


def test_a_branch_that_somebody_else_moved_is_not_overwritten(forge):
    base = forge.head("main")
    first = forge.commit(Change("b", "f", "x", "m"), base=base, old=None)
    for old in (None, base):
        with pytest.raises(ForgeRaceError, match="the branch b was moved by somebody else"):
            forge.commit(Change("b", "f", "y", "m"), base=base, old=old)
    assert forge.head("b") == first


def test_a_pull_request_is_kept_in_git(forge):
    pull = propose(forge)
    assert (pull.number, pull.state, pull.head, pull.base) == (1, "open", "change", "main")
    assert forge.pulls() == [pull]
    repository = forge.repository
    assert git(repository, "show", "refs/meta/pulls:1.md") == "It says one"
    assert json.loads(git(repository, "show", "refs/meta/pulls:1.json"))["state"] == "open"
    assert git(repository, "rev-parse", "refs/pulls/1/head") == forge.head("change")


def test_a_branch_has_one_open_pull_request(forge):
    propose(forge)
    with pytest.raises(ForgeRaceError, match="#1"):
        forge.open_pull(head="change", base="main", title="Again", body="")
    assert len(forge.pulls()) == 1


def test_a_pull_request_needs_a_branch(forge):
    with pytest.raises(ForgeNotFoundError, match="no branch nowhere"):
        forge.open_pull(head="nowhere", base="main", title="t", body="")


def test_a_pull_request_follows_its_branch(forge):
    pull = propose(forge)
    base = forge.head("main")
    moved = forge.commit(Change("change", "notes.txt", "two\n", "m"), base=base, old=forge.head("change"))
    assert git(forge.repository, "rev-parse", "refs/pulls/1/head") == moved
    changed = forge.update_pull(pull.number, title="New", body="Other\n")
    assert (changed.title, changed.body) == ("New", "Other\n")
    assert forge.pulls() == [changed]


def test_a_merge_is_a_merge_commit_and_ends_the_branch(forge):
    before, wanted = forge.head("main"), propose(forge)
    head = forge.head("change")
    merged = forge.merge(wanted.number)
    assert (merged.state, merged.merge_commit) == ("merged", forge.head("main"))
    assert git(forge.repository, "rev-list", "--parents", "-1", "main").split()[1:] == [before, head]
    assert git(forge.repository, "log", "-1", "--format=%s", "main") == "Merge pull request #1 from change"
    assert forge.read("notes.txt", forge.head("main")) == "one\n"
    assert forge.head("change") is None
    assert git(forge.repository, "rev-parse", "refs/pulls/1/head") == head
    assert forge.pulls() == []


def test_a_merge_keeps_what_was_merged_before(forge):
    first, second = propose(forge, "a", path="a.txt"), propose(forge, "b", path="b.txt")
    forge.merge(first.number)
    forge.merge(second.number)
    main = forge.head("main")
    assert (forge.read("a.txt", main), forge.read("b.txt", main)) == ("one\n", "one\n")


def test_a_conflict_is_refused_with_the_files_and_changes_nothing(forge):
    first, second = propose(forge, "a", "one\n"), propose(forge, "b", "two\n")
    forge.merge(first.number)
    main = forge.head("main")
    with pytest.raises(MergeConflictError, match=r"#2 conflicts with main \(notes\.txt\)"):
        forge.merge(second.number)
    assert forge.head("main") == main
    assert [pull.number for pull in forge.pulls()] == [2]


def test_a_pull_request_is_closed_with_a_comment(forge):
    propose(forge)
    forge.close_pull(1, "Superseded by #2.")
    assert forge.pulls() == []
    assert forge.head("change") is None
    assert "Comment on #1\n\nSuperseded by #2." in git(forge.repository, "log", "--format=%B", "refs/meta/pulls")


@pytest.mark.parametrize("step", ["merge", "update", "close"])
def test_what_is_merged_is_over(forge, step):
    propose(forge)
    forge.merge(1)
    steps = {
        "merge": lambda: forge.merge(1),
        "update": lambda: forge.update_pull(1, title="t", body="b"),
        "close": lambda: forge.close_pull(1, "why"),
    }
    with pytest.raises(ForgeRefusedError, match="#1 is merged"):
        steps[step]()


def test_an_unknown_number_is_named(forge):
    with pytest.raises(ForgeNotFoundError, match="no pull request #9"):
        forge.merge(9)


def test_a_branch_whose_pull_request_was_merged_can_have_another(forge):
    propose(forge)
    forge.merge(1)
    assert propose(forge, content="two\n").number == 2
    forge.merge(2)
    assert forge.read("notes.txt", forge.head("main")) == "two\n"


def test_another_hand_between_two_looks_makes_the_step_again(forge, monkeypatch):
    propose(forge, "a", path="a.txt")
    records = forge._records
    once: list[int] = []

    def look(meta):
        found = records(meta)
        if not once:
            once.append(1)
            propose(LocalForge(forge.repository), "b", path="b.txt")
        return found

    forge.commit(Change("c", "c.txt", "x", "m"), base=forge.head("main"), old=None)
    monkeypatch.setattr(forge, "_records", look)
    assert forge.open_pull(head="c", base="main", title="c", body="").number == 3


def test_a_branch_that_another_merge_has_just_ended_is_told_as_merged(forge, monkeypatch):
    """Between the look at the pull requests and the look at the branch, another process merges and deletes it."""
    pull = propose(forge)
    head, other = forge.head, LocalForge(forge.repository)

    def look(branch):
        if branch == pull.head:
            monkeypatch.undo()
            other.merge(pull.number)
        return head(branch)

    monkeypatch.setattr(forge, "head", look)
    with pytest.raises(ForgeRefusedError, match=f"#{pull.number} is merged"):
        forge.merge(pull.number)


def test_a_branch_that_was_deleted_by_hand_cannot_be_merged(forge):
    pull = propose(forge)
    git(forge.repository, "branch", "-D", pull.head)
    with pytest.raises(ForgeRefusedError, match=f"#{pull.number} cannot be merged: a branch of it was deleted"):
        forge.merge(pull.number)


def test_a_repository_that_is_none_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "absent"):
        with pytest.raises(ForgeUnreachableError, match=f"no Git repository at {path}"):
            LocalForge(path)


def test_a_checkout_is_no_forge(tmp_path):
    checkout = make_project(tmp_path, {})
    with pytest.raises(ForgeUnreachableError, match="checkout is somebody's checkout"):
        LocalForge(checkout)


def test_a_repository_without_commits_is_named(tmp_path):
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    with pytest.raises(ForgeNotFoundError, match="default branch main has no commits"):
        LocalForge(tmp_path / "origin.git").default_branch()


def test_references_that_cannot_be_written_are_no_race(forge):
    with pytest.raises(ForgeError, match="could not be written"):
        forge.commit(Change("bad..name", "f", "x", "m"), base=forge.head("main"), old=None)


@pytest.mark.parametrize("reference", ["refs/meta/pulls", "refs/heads/change"])
def test_a_lock_of_a_git_that_was_killed_holds_nobody_up(forge, reference):
    propose(forge, branch="first")
    lock = forge.repository / f"{reference}.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    assert propose(forge).number == 2
    assert not lock.exists()


def test_a_lock_that_is_held_is_waited_for(forge):
    propose(forge, branch="first")
    lock = forge.repository / "refs/meta/pulls.lock"
    lock.touch()
    release = threading.Timer(0.2, lock.unlink)
    release.start()
    assert propose(forge).number == 2
    release.join()
