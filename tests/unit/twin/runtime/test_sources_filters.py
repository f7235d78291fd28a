"""Globs and triggers of pipelines, after AWS's pages of both."""

import pytest

from fairway.twin.runtime.sources_filters import Push, compiled, passes, started_by


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.java", "A.java", True),
        ("*.java", "src/A.java", False),
        ("*.*", "A.java", True),
        ("*.*", "Makefile", False),
        ("*.{java,class}", "A.class", True),
        ("*.{java,class}", "A.py", False),
        ("foo.?", "foo.c", True),
        ("foo.?", "foo.cc", False),
        ("**", "a/b/c.txt", True),
        ("**", ".github/x", True),
        ("directory/**", "directory/a/b.txt", True),
        ("directory/**", "directory", False),
        ("directory/*", "directory/a.txt", True),
        ("directory/*", "directory/a/b.txt", False),
        ("src/model/**", "src/models/a.py", False),
        ("**/*.tf", "terraform/main.tf", True),
        ("**/*.tf", "main.tf", False),
        ("my-file.jar", "my-file.jar", True),
        ("my-file.jar", "my-fileXjar", False),
        ("[a-c].txt", "b.txt", True),
        ("[!a-c].txt", "b.txt", False),
        ("[!a-c].txt", "d.txt", True),
        ("a[!b]c", "a/c", False),
        ("[*?].txt", "*.txt", True),
        (r"\*.txt", "*.txt", True),
        (r"\*.txt", "a.txt", False),
        ("{a,b/**}", "b/c/d", True),
        ("main", "main", True),
        ("release/*", "release/1", True),
        ("a+b", "a+b", True),
        ("{a", "{a", True),
        ("[a", "[a", True),
    ],
)
def test_a_glob_matches_a_whole_path(glob, path, matches):
    assert (compiled(glob).fullmatch(path) is not None) is matches


@pytest.mark.parametrize(
    ("criteria", "text", "expected"),
    [
        (None, "main", True),
        ({"includes": ["main"]}, "main", True),
        ({"includes": ["main"]}, "other", False),
        ({"excludes": ["wip/*"]}, "main", True),
        ({"excludes": ["wip/*"]}, "wip/1", False),
        ({"includes": ["**"], "excludes": ["main"]}, "main", False),
    ],
)
def test_what_is_excluded_is_excluded_whatever_includes_it(criteria, text, expected):
    assert passes(criteria, text) is expected


def pipeline(push=None, **configuration):
    given = {"FullRepositoryId": "acme/shop", "BranchName": "main", **configuration}
    types = {"category": "Source", "provider": "CodeStarSourceConnection"}
    source = {"name": "source", "actionTypeId": types, "configuration": given}
    trigger = {"gitConfiguration": {"sourceActionName": "source", "push": push}}
    return {"stages": [{"actions": [source]}], **({"triggers": [trigger]} if push else {})}


def pushed(*files, branch="main", repository="acme/shop"):
    return Push(repository, branch, "c", files)


SOURCES = {"branches": {"includes": ["main"]}, "filePaths": {"includes": ["src/**"], "excludes": ["src/docs/**"]}}


@pytest.mark.parametrize(
    ("declared", "push", "starts"),
    [
        (pipeline([SOURCES]), pushed("src/a.py"), True),
        (pipeline([SOURCES]), pushed("README.md"), False),
        (pipeline([SOURCES]), pushed("src/docs/a.md"), False),
        (pipeline([SOURCES]), pushed("src/docs/a.md", "src/a.py"), True),
        (pipeline([SOURCES]), pushed("src/a.py", branch="feature"), False),
        (pipeline([SOURCES]), pushed("src/a.py", repository="acme/other"), False),
        (pipeline([SOURCES]), pushed(), False),
        (pipeline([SOURCES, {"branches": {"includes": ["hot/*"]}}]), pushed(branch="hot/1"), True),
        (pipeline([SOURCES], BranchName="other"), pushed("src/a.py"), True),
        (pipeline([SOURCES], DetectChanges="false"), pushed("src/a.py"), True),
        (pipeline(), pushed("README.md"), True),
        (pipeline(), pushed("README.md", branch="feature"), False),
        (pipeline(DetectChanges="false"), pushed("README.md"), False),
        (pipeline(DetectChanges="False"), pushed("README.md"), False),
    ],
)
def test_a_push_starts_a_pipeline(declared, push, starts):
    action = started_by(declared, push)
    assert (action is not None) is starts
    assert action is None or action["name"] == "source"
