"""Buildspecs as AWS's reference documents them, and what the twin refuses of them."""

import pytest

from fairway.twin.runtime.build_phases import ABORT, CONTINUE, RETRY, OnFailure
from fairway.twin.runtime.build_spec import BuildspecError, Cache, Files, Phase, parse

HEAD = "version: 0.2\n"
BUILD = HEAD + "phases:\n  build:\n    commands: [make]\n"


def phases(text):
    return dict(parse(HEAD + "phases:\n" + text).phases)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  build:\n    commands: [a, b]\n", {"BUILD": Phase(("a", "b"))}),
        ("  build:\n    commands: a\n", {"BUILD": Phase(("a",))}),
        ("  install:\n    runtime-versions: {python: 3.11}\n", {"INSTALL": Phase()}),
        ("  build:\n    commands:\n      - |\n        a\n        b\n", {"BUILD": Phase(("a\nb\n",))}),
        ("  pre_build:\n    commands: [a]\n    finally: [b]\n", {"PRE_BUILD": Phase(("a",), ("b",))}),
        ("  post_build:\n    commands: [0, yes, 1.10]\n", {"POST_BUILD": Phase(("0", "yes", "1.10"))}),
        (
            "  build:\n    on-failure: ABORT\n    commands: [a]\n",
            {"BUILD": Phase(("a",), (), OnFailure(ABORT))},
        ),
        (
            "  build: {commands: [a]}\n  install: {commands: [b]}\n",
            {"BUILD": Phase(("a",)), "INSTALL": Phase(("b",))},
        ),
    ],
)
def test_phases(text, expected):
    assert phases(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABORT", OnFailure(ABORT)),
        ("CONTINUE", OnFailure(CONTINUE)),
        ("RETRY", OnFailure(RETRY, 3)),
        ("RETRY-4", OnFailure(RETRY, 4)),
        ("RETRY-invalid+", OnFailure(RETRY, 3, "invalid+")),
        ("Retry-3-.*connection timed out.*", OnFailure(RETRY, 3, ".*connection timed out.*")),
        ("RETRY-8-invalid+", OnFailure(RETRY, 8, "invalid+")),
    ],
)
def test_on_failure(text, expected):
    assert OnFailure.parse(text) == expected


@pytest.mark.parametrize("text", ["RETRY-101", "IGNORE", "RETRY-3-(", ""])
def test_on_failure_that_is_none(text):
    with pytest.raises(ValueError, match="on-failure is"):
        OnFailure.parse(text)


@pytest.mark.parametrize(
    ("action", "message", "retried", "wanted"),
    [
        ("RETRY-2-time.*out", "COMMAND_EXECUTION_ERROR: it timed out", 0, True),
        ("RETRY-2-time.*out", "COMMAND_EXECUTION_ERROR: it timed out", 2, False),
        ("RETRY-2-time.*out", "COMMAND_EXECUTION_ERROR: it broke", 0, False),
        ("RETRY-0", "anything", 0, False),
        ("ABORT", "anything", 0, False),
    ],
)
def test_when_it_is_tried_again(action, message, retried, wanted):
    assert OnFailure.parse(action).wants_retry(message, retried) is wanted


def test_environment():
    spec = parse(
        BUILD
        + """
env:
  shell: bash
  variables: {PORT: 8080, DEBUG: no}
  parameter-store: {LOGIN: /CodeBuild/login}
  secrets-manager: {KEY: "Test:KEY"}
  exported-variables: [A, B]
"""
    )

    assert spec.shell == "bash"
    assert dict(spec.variables) == {"PORT": "8080", "DEBUG": "no"}
    assert (dict(spec.parameters), dict(spec.secrets)) == ({"LOGIN": "/CodeBuild/login"}, {"KEY": "Test:KEY"})
    assert spec.exported == ("A", "B")
    assert parse(BUILD).shell == "sh"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("files: [a]", Files(("a",))),
        ("files: a", Files(("a",))),
        ("files: ['**/*']\n  base-directory: out\n  discard-paths: yes", Files(("**/*",), "out", discard_paths=True)),
        ("files: [a]\n  discard-paths: no\n  name: b-$(date)", Files(("a",), name="b-$(date)")),
        ("files: [a]\n  exclude-paths: ['**/.*']", Files(("a",), excluded=("**/.*",))),
        ("files: [a]\n  s3-prefix: some/where/", Files(("a",), s3_prefix="some/where")),
    ],
)
def test_artifacts(text, expected):
    assert parse(f"{BUILD}artifacts:\n  {text}\n").artifacts == expected


def test_secondary_artifacts_reports_and_cache():
    spec = parse(
        BUILD
        + """
reports:
  unit: {files: [a.xml], file-format: junitxml, base-directory: out}
artifacts:
  files: [a]
  secondary-artifacts:
    plan: {files: [plan]}
cache:
  key: pip-$(sha256sum lock)
  fallback-keys: [pip-]
  paths: ['/root/.cache/**/*']
"""
    )

    assert dict(spec.reports) == {"unit": Files(("a.xml",), "out")}
    assert dict(spec.secondary_artifacts) == {"plan": Files(("plan",))}
    assert spec.cache == Cache(("/root/.cache/**/*",), "pip-$(sha256sum lock)", ("pip-",))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("version: 0.2\nphases: {prebuild: {commands: [a]}}", "Invalid buildspec phase name: PREBUILD. Expecting: "),
        (HEAD + "phases: {build: {commands: [{a: b}]}}", r"Expected Commands\[0\] to be of string type"),
        (HEAD + "phases: {build: {commands: [a], finally: [[b]]}}", r"Expected Finally\[0\] to be of string type"),
        (HEAD + "phases: {build: {commands: {a: b}}}", "Expected Commands to be a list of commands"),
        (HEAD + "phases: {build: {commands: [a], on-failure: MAYBE}}", "on-failure is 'MAYBE'"),
        (HEAD + "phases: {build: {command: [a]}}", "Unknown key 'command' in phases/build"),
        (HEAD + "phases: {build: {commands: [a], run-as: me}}", "does not have run-as"),
        (HEAD + "phases: {build: {runtime-versions: {python: 3.x}}}", "belongs to the phase install"),
        (BUILD + "run-as: me", "does not have run-as"),
        (BUILD + "batch: {fast-fail: true}", "does not have batch builds"),
        (BUILD + "artefacts: {files: [a]}", "Unknown key 'artefacts' in the buildspec"),
        (BUILD + "artifacts: {name: a}", "artifacts has no files"),
        (BUILD + "artifacts: {files: [a], discard-paths: maybe}", "expected yes or no"),
        (BUILD + "artifacts: {files: [a], enable-symlinks: yes}", "does not have enable-symlinks"),
        (BUILD + "reports: {a: {files: [b], file-format: CUCUMBERJSON}}", "format CUCUMBERJSON"),
        (BUILD + "env: {shell: zsh}", "env/shell is 'zsh'"),
        (BUILD + "env: {variables: {A: [b]}}", "Expected env/variables/A to be of string type"),
        (BUILD + "cache: {paths: [a], action: keep}", "cache/action is 'keep'"),
        (BUILD + "cache:\n paths: [a", "while parsing a flow sequence"),
        ("phases: {build: {commands: [a]}}", "Invalid buildspec version None"),
        ("version: 0.1\nphases: {build: {commands: [a]}}", "Invalid buildspec version '0.1'"),
        ("version: 0.2", "has no phases"),
        ("", "Invalid buildspec version None"),
        ("- a", "Expected the buildspec to be a mapping"),
    ],
)
def test_what_is_wrong_has_a_sentence(text, sentence):
    with pytest.raises(BuildspecError, match=sentence) as raised:
        parse(text)
    assert raised.value.status_code == "YAML_FILE_ERROR"
