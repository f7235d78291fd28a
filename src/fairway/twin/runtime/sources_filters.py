"""Which pushes start a pipeline: its triggers, held against a branch and the files that changed on it.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html and …/syntax-glob.html
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Declaration = Mapping[str, Any]

CONNECTION_SOURCE = "CodeStarSourceConnection"


@dataclass(frozen=True)
class Push:
    """What was pushed to one branch of a repository."""

    repository: str
    branch: str
    commit: str
    files: Collection[str]


@cache
def compiled(glob: str) -> re.Pattern[str]:
    r"""Return a glob as a regular expression that a whole path has to match.

    `*` and `?` stay within a folder, `**` does not, `[a-c]` and `[!a-c]` are one character, `{a,b}` one of several
    patterns, and a backslash takes the next character as it is. A leading dot is a character like others.
    """
    return re.compile("".join(_translated(glob)), re.DOTALL)


def _translated(glob: str) -> Iterator[str]:
    position, depth = 0, 0
    while position < len(glob):
        character = glob[position]
        if glob.startswith("**", position):
            yield ".*"
            position += 2
            continue
        closing = glob.find("]", position + 2) if character == "[" else -1
        if closing > 0:
            yield _one_of(glob[position + 1 : closing])
            position = closing + 1
            continue
        if character == "\\" and position + 1 < len(glob):
            position += 1
            yield re.escape(glob[position])
        elif character == "{" and "}" in glob[position:]:
            depth += 1
            yield "(?:"
        elif character == "}" and depth:
            depth -= 1
            yield ")"
        elif character == "," and depth:
            yield "|"
        else:
            yield {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
        position += 1


def _one_of(characters: str) -> str:
    negated = characters.startswith("!")
    inner = characters[negated:].replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
    return f"(?!/)[{'^' if negated else ''}{inner}]"


def _any_matches(globs: Sequence[str], text: str) -> bool:
    return any(compiled(glob).fullmatch(text) for glob in globs)


def passes(criteria: Declaration | None, text: str) -> bool:
    """Tell whether a branch or a path passes includes and excludes; what is excluded is, whatever includes it."""
    includes, excludes = (criteria or {}).get("includes"), (criteria or {}).get("excludes", ())
    return (not includes or _any_matches(includes, text)) and not _any_matches(excludes, text)


def push_passes(push_filter: Declaration, push: Push) -> bool:
    """Tell whether a push passes one filter: its branch does, and at least one of its files."""
    if not passes(push_filter.get("branches"), push.branch):
        return False
    return "filePaths" not in push_filter or any(passes(push_filter["filePaths"], name) for name in push.files)


def source_actions(pipeline: Declaration) -> Iterator[Declaration]:
    """Yield the actions that take their source from a connection."""
    for action in pipeline["stages"][0]["actions"]:
        if action["actionTypeId"]["provider"] == CONNECTION_SOURCE:
            yield action


def started_by(pipeline: Declaration, push: Push) -> Declaration | None:
    """Return the source action by which a push starts a pipeline, or None.

    A trigger speaks for the action that it names; an action that no trigger names follows its own branch, unless it
    says DetectChanges=false.
    """
    triggers = {one["gitConfiguration"]["sourceActionName"]: one for one in pipeline.get("triggers", ())}
    for action in source_actions(pipeline):
        configuration = action["configuration"]
        if configuration["FullRepositoryId"] != push.repository:
            continue
        trigger = triggers.get(action["name"])
        if trigger is None:
            follows = str(configuration.get("DetectChanges", "true")).lower() != "false"
            wanted = follows and configuration["BranchName"] == push.branch
        else:
            wanted = any(push_passes(one, push) for one in trigger["gitConfiguration"].get("push", ()))
        if wanted:
            return action
    return None
