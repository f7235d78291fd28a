"""Buildspecs of the shapes that public projects have, run for real, with what AWS documents as their result.

One build a case, all at once: a project's settings do not matter here, only its buildspec.
"""

from dataclasses import dataclass, field

import pytest
from tests.integration.builds.conftest import context, phases

SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"


@dataclass(frozen=True)
class Case:
    """A buildspec, the statuses of its phases from DOWNLOAD_SOURCE on, and what its commands print."""

    buildspec: str
    status: str
    phases: str
    printed: tuple[str, ...] = ()
    contexts: dict[str, str] = field(default_factory=dict)


PHASES = {
    "D": "DOWNLOAD_SOURCE",
    "I": "INSTALL",
    "P": "PRE_BUILD",
    "B": "BUILD",
    "O": "POST_BUILD",
    "U": "UPLOAD_ARTIFACTS",
    "F": "FINALIZING",
}
# A capital letter is a phase that succeeded, a small one that failed, in order; a missing one was skipped.
CASES = {
    "a failed build phase is followed by post_build": Case(
        """
version: 0.2
phases:
  build:
    commands: [echo building, "false", echo never]
  post_build:
    commands: ['echo "succeeding $CODEBUILD_BUILD_SUCCEEDING"']
""",
        FAILED,
        "DIPbOUF",
        ("building", "succeeding 0"),
        {"BUILD": "COMMAND_EXECUTION_ERROR: Error while executing command: false. Reason: exit status 1"},
    ),
    "a failed install skips everything": Case(
        """
version: 0.2
phases:
  install:
    commands: [exit 7]
  build:
    commands: [echo never]
  post_build:
    commands: [echo never]
""",
        FAILED,
        "DiF",
        (),
        {"INSTALL": "COMMAND_EXECUTION_ERROR: Error while executing command: exit 7. Reason: exit status 7"},
    ),
    "a failed pre_build skips build and post_build": Case(
        """
version: 0.2
phases:
  pre_build:
    commands: [echo before, "false"]
    finally: [echo after]
  build:
    commands: [echo never]
""",
        FAILED,
        "DIpF",
        ("before", "after"),
    ),
    "finally runs after a failure, in what the commands have left": Case(
        """
version: 0.2
phases:
  build:
    commands:
      - mkdir below && cd below && export LEFT=something
      - exit 3
    finally:
      - echo "$LEFT in $(basename "$PWD")"
""",
        FAILED,
        "DIPbOUF",
        ("something in below",),
    ),
    "a failed finally fails the phase": Case(
        """
version: 0.2
phases:
  pre_build:
    commands: [echo fine]
    finally: ["false", echo never]
""",
        FAILED,
        "DIpF",
        ("fine",),
    ),
    "on-failure ABORT skips post_build": Case(
        """
version: 0.2
phases:
  build:
    on-failure: ABORT
    commands: ["false"]
  post_build:
    commands: [echo never]
""",
        FAILED,
        "DIPbF",
    ),
    "on-failure CONTINUE goes on": Case(
        """
version: 0.2
phases:
  pre_build:
    on-failure: CONTINUE
    commands: ["false"]
  build:
    commands: ['echo "succeeding $CODEBUILD_BUILD_SUCCEEDING"']
""",
        SUCCEEDED,
        "DIpBOUF",
        ("succeeding 0",),
    ),
    "only the last status of a block of lines counts": Case(
        """
version: 0.2
phases:
  build:
    commands:
      - |
        false
        echo still here
      - 'cd /nowhere 2>/dev/null || echo "no directory"'
""",
        SUCCEEDED,
        "DIPBOUF",
        ("still here", "no directory"),
    ),
    "bash where it is asked for": Case(
        """
version: 0.2
env: {shell: bash}
phases:
  build:
    commands:
      - 'parts=(one two three)'
      - 'echo "${parts[1]} ${#parts[@]}"'
""",
        SUCCEEDED,
        "DIPBOUF",
        ("two 3",),
    ),
    "functions and options of the shell stay": Case(
        """
version: 0.2
phases:
  install:
    commands: ['greet() { echo "hello $1"; }']
  build:
    commands: [greet you]
""",
        SUCCEEDED,
        "DIPBOUF",
        ("hello you",),
    ),
    "a phase that does not exist": Case(
        """
version: 0.2
phases:
  prebuild:
    commands: [echo never]
""",
        FAILED,
        "dF",
        (),
        {
            "DOWNLOAD_SOURCE": "YAML_FILE_ERROR: Invalid buildspec phase name: PREBUILD. "
            "Expecting: BUILD,INSTALL,POST_BUILD,PRE_BUILD"
        },
    ),
    "a colon that makes a mapping of a command": Case(
        """
version: 0.2
phases:
  build:
    commands:
      - echo Image: latest
""",
        FAILED,
        "dF",
        (),
        {"DOWNLOAD_SOURCE": "YAML_FILE_ERROR: Expected Commands[0] to be of string type: found subkeys instead"},
    ),
    "another Python": Case(
        """
version: 0.2
phases:
  install:
    runtime-versions: {python: 2.7}
""",
        FAILED,
        "dF",
    ),
    "an artifact that is not there": Case(
        """
version: 0.2
phases:
  build:
    commands: [echo built]
reports:
  unit:
    files: [report.xml]
""",
        FAILED,
        "DIPBOuF",
        ("built",),
    ),
}


@pytest.fixture(scope="module")
def started():
    """Builds by the names of their cases; the first test starts them all."""
    return {}


@pytest.mark.parametrize("name", CASES)
def test_case(builds, started, name):
    if not started:
        started.update({case: builds.start(builds.project(one.buildspec)) for case, one in CASES.items()})
    case, build = CASES[name], builds.ended(started[name])

    shown = "".join(
        letter if phases(build)[phase] == SUCCEEDED else letter.lower()
        for letter, phase in PHASES.items()
        if phase in phases(build)
    )
    assert (build["buildStatus"], shown) == (case.status, case.phases)
    assert builds.printed(build) == list(case.printed)
    assert {phase: context(build, phase) for phase in case.contexts} == case.contexts
