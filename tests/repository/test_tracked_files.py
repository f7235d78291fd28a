"""What is tracked is the same for everybody: no address of one machine or of one company's package index."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
TRACKED = sorted(name for name in LISTED.split("\0") if name and (ROOT / name).is_file())
ELSEWHERE = [name for name in TRACKED if name != Path(__file__).relative_to(ROOT).as_posix()]

FORBIDDEN = {
    "a package index": r"https?://[\w.-]*(?:pypi\.org|pythonhosted|artifactory|nexus|devpi|codeartifact)",
    "an index option": r"^\s*--(?:extra-)?index-url|--find-links|--trusted-host",
    # /root is the home of CodeBuild's builds, where buildspecs name a cache; /home/me is nobody's.
    "a folder of one machine": r"(?<![\w.$}<-])/(?!root/\.cache|home/me\b)(?:work|root|home|Users|mnt|srv)/[\w.-]+",
    "a plugin folder of one machine": r"/opt/[\w.-]*plugins?\b",
    "a mark of an open end": r"\b(?:TODO|FIXME)\b",
    "a key of AWS": r"\b(?:AKIA|ASIA)(?!UNKNOWN)[A-Z0-9]{16}\b",
}


def read(name: str) -> str:
    return (ROOT / name).read_text(errors="replace")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what):
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = [f"{name}: {hit[0]}" for name in ELSEWHERE for hit in pattern.finditer(read(name))]
    assert not found


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a package index", "see https://nexus.example.org/simple"),
        ("an index option", "--index-url https://somewhere"),
        ("a folder of one machine", 'path = "/home/anna/fairway"'),
        ("a plugin folder of one machine", "/opt/tf-plugins/registry"),
        ("a mark of an open end", "# TODO: later"),
        ("a key of AWS", "AKIAABCDEFGHIJKLMNOP"),
    ],
)
def test_what_is_forbidden_is_seen(what, text):
    assert re.search(FORBIDDEN[what], text, re.MULTILINE)


def test_what_is_made_is_not_tracked():
    made = ("build/", ".venv", ".terraform/", "__pycache__/")
    assert not [name for name in TRACKED if name.startswith(made) or name.endswith((".tfstate", ".tfplan", ".pyc"))]


def test_the_release_that_a_fork_starts_with_is_none():
    assert read("terraform/environments/dev/release.json").split() == [
        "{",
        '"current":',
        "null,",
        '"previous":',
        "null",
        "}",
    ]
