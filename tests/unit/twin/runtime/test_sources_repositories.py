"""What git says of a bare repository, and what the watcher makes of it."""

import os
import subprocess
import zipfile
from io import BytesIO
from typing import Any

import pytest

from fairway.twin.runtime.sources_repositories import GitError, Repository
from fairway.twin.runtime.sources_watcher import SourceWatcher


class Clone:
    """A bare repository and a clone of it."""

    def __init__(self, folder):
        self.bare, self.folder = folder / "origin.git", folder / "clone"
        self.git("init", "-q", "--bare", "-b", "main", str(self.bare), cwd=folder)
        self.git("init", "-q", "-b", "main", str(self.folder), cwd=folder)
        self.repository = Repository("acme/shop", self.bare)

    def git(self, *arguments, cwd=None):
        who = {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = {"PATH": os.environ["PATH"], "HOME": str(cwd or self.folder), "GIT_CONFIG_NOSYSTEM": "1", **who}
        done = subprocess.run(
            ["git", *arguments], cwd=cwd or self.folder, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def push(self, branch="main", **files):
        for name, text in files.items():
            (self.folder / f"{name}.txt").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "Sell pears\n\nMany.")
        self.git("push", "-q", "--force", str(self.bare), f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


@pytest.fixture
def watched(clone):
    """Return a watcher that is looked with by hand, and what it told."""
    told: list[Any] = []
    return SourceWatcher({"acme/shop": clone.bare}, told.append), told


def test_branches_are_found_loose_and_packed(clone):
    first = clone.push(a="1")
    clone.push("feature/x", b="1")
    clone.git("pack-refs", "--all", cwd=clone.bare)
    assert not list((clone.bare / "refs" / "heads").rglob("main"))
    assert clone.repository.branches()["main"] == first
    second = clone.push(a="2")
    assert clone.repository.branches()["main"] == second
    assert set(clone.repository.branches()) == {"main", "feature/x"}


def test_a_commit_is_read_with_its_date_and_message(clone):
    commit = clone.repository.commit(clone.push(a="1"))
    assert commit.message == "Sell pears\n\nMany."
    assert "T" in commit.author_date
    with pytest.raises(GitError, match="0000000"):
        clone.repository.commit("0" * 40)


def test_changed_paths_are_of_two_commits_or_of_a_new_branch(clone):
    first = clone.push(a="1")
    assert clone.repository.changed(None, first) == ["a.txt"]
    second = clone.push(ü="2")
    assert clone.repository.changed(first, second) == ["ü.txt"]
    clone.git("checkout", "-q", "-b", "feature")
    third = clone.push("feature", c="3")
    assert clone.repository.changed(None, third) == ["c.txt"]


def test_a_renamed_file_changes_at_both_places(clone):
    first = clone.push(a="1")
    clone.git("mv", "a.txt", "b.txt")
    assert clone.repository.changed(first, clone.push()) == ["a.txt", "b.txt"]


def test_an_archive_holds_the_files_and_nothing_of_git(clone):
    content = clone.repository.archive(clone.push(a="1"))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.namelist() == ["a.txt"]


def test_what_was_pushed_before_the_watch_is_no_push(clone):
    clone.push(a="1")
    told: list[Any] = []
    watcher = SourceWatcher({"acme/shop": clone.bare}, told.append)
    watcher.look()
    assert told == []
    second = clone.push(a="2")
    watcher.look()
    watcher.look()
    assert [(one.repository, one.branch, one.commit, one.files) for one in told] == [
        ("acme/shop", "main", second, ["a.txt"])
    ]


def test_a_repository_may_come_and_a_branch_may_go(clone, watched):
    watcher, told = watched
    watcher.look()
    assert told == []
    first = clone.push(a="1")
    watcher.look()
    assert [(one.branch, one.commit, one.files) for one in told] == [("main", first, ["a.txt"])]
    clone.push("feature", a="2")
    watcher.look()
    clone.git("push", "-q", str(clone.bare), ":feature")
    watcher.look()
    assert [one.branch for one in told] == ["main", "feature"]
    SourceWatcher({"acme/none": clone.folder / "none.git"}, told.append).look()
    assert len(told) == 2
