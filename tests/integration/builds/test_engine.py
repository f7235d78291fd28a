"""Parts of the engine that no test can reach through the API: clones, limits of time, the queue, a pipeline's door."""

import io
import os
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairway.twin import base
from fairway.twin.context import Credentials
from fairway.twin.runtime.build_failures import PhaseError
from fairway.twin.runtime.build_queue import Queue
from fairway.twin.runtime.build_shell import STOPPED, TIMED_OUT, Interrupted, Shell
from fairway.twin.runtime.build_sources import Fetcher
from fairway.twin.runtime.builds import BuildEngine, CloneRef, PipelineBuild

CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/c"


def git(*arguments: object) -> str:
    names = {f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *map(str, arguments)], check=True, capture_output=True, text=True, env={**os.environ, **names}
    )
    return done.stdout.strip()


@pytest.fixture
def origin(tmp_path):
    """Return a bare repository with two commits, and the first of them."""
    work, bare = tmp_path / "work", tmp_path / "origin.git"
    git("init", "-q", "-b", "main", work)
    (work / "run").write_text("first")
    (work / "run").chmod(0o755)
    git("-C", work, "add", "run")
    git("-C", work, "commit", "-q", "-m", "first")
    first = git("-C", work, "rev-parse", "HEAD")
    (work / "run").write_text("second")
    git("-C", work, "commit", "-q", "-am", "second")
    git("clone", "-q", "--bare", work, bare)
    return bare, first


def session(head):
    return SimpleNamespace(
        role="arn:aws:iam::111111111111:role/build", client=lambda _: SimpleNamespace(get_object=head)
    )


@pytest.fixture
def clone(origin, tmp_path):
    bare, commit = origin
    reference = CloneRef("s3://b/source", CONNECTION, bare, "owner/name", "main", commit)
    asked: list[tuple[str, str]] = []

    def get_object(**object_):
        asked.append((object_["Bucket"], object_["Key"]))
        return {"Body": io.BytesIO()}

    fetcher = Fetcher(session(get_object), tmp_path / "build", os.environ)
    return lambda: (fetcher.of_pipeline({"source": reference}, "source").primary, asked)


def test_a_clone_has_its_commit_its_history_and_its_origin(clone, origin, monkeypatch):
    allowed = (("codeconnections:UseConnection", CONNECTION),)
    monkeypatch.setattr(base, "role_allows", lambda _role, action, resource: (action, resource) in allowed)

    source, asked = clone()

    bare, commit = origin
    assert asked == [("b", "source")]
    assert ((source / "run").read_text(), (source / "run").stat().st_mode & 0o111) == ("first", 0o111)
    assert git("-C", source, "rev-parse", "HEAD") == commit
    assert git("-C", source, "rev-list", "--count", "origin/main") == "2"
    assert git("-C", source, "remote", "get-url", "origin") == str(bare)


def test_a_clone_needs_the_permission_to_use_the_connection(clone, monkeypatch):
    monkeypatch.setattr(base, "role_allows", lambda *_: False)

    with pytest.raises(
        PhaseError, match="is not authorized to perform: codeconnections:UseConnection on resource: arn"
    ):
        clone()


def test_a_pipeline_starts_its_build_as_the_role_of_its_action():
    build = PipelineBuild(
        "project", "1", "r", "pipe", {"source": "s3://b/k"}, "source", {}, [{"name": "A", "value": "b"}]
    )
    seen: dict[str, Any] = {}

    def start_build(**request):
        seen.update(request, awaited=engine.awaited(request["idempotencyToken"]))
        return {"build": {"id": "project:uuid"}}

    def client(service, **with_):
        seen.update(service=service, credentials=with_["credentials"])
        return SimpleNamespace(start_build=start_build)

    twin: Any = SimpleNamespace(client=client)
    engine, credentials = BuildEngine(twin), Credentials("AKIA", "secret", "token")

    assert engine.start_for_pipeline(build, credentials) == "project:uuid"
    assert (seen["service"], seen["credentials"]) == ("codebuild", credentials)
    assert seen["awaited"] is build
    assert seen["environmentVariablesOverride"] == [{"name": "A", "value": "b"}]
    assert engine.awaited(seen["idempotencyToken"]) is None


def shell(tmp_path: Path, seconds: float, lines: list[str]) -> Shell:
    return Shell(
        "sh",
        folder=tmp_path / "shell",
        directory=tmp_path,
        variables={"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")},
        on_line=lines.append,
        deadline=time.monotonic() + seconds,
    )


def test_a_build_that_takes_too_long_is_ended(tmp_path):
    lines: list[str] = []
    one = shell(tmp_path, 1, lines)

    with pytest.raises(Interrupted) as raised:
        one.run("echo begun; (sleep 60; echo never) & wait; echo never")

    assert raised.value.reason == TIMED_OUT
    assert lines == ["begun"]


def test_a_stop_before_a_command_is_a_stop(tmp_path):
    one = shell(tmp_path, 30, [])
    one.stop()

    with pytest.raises(Interrupted) as raised:
        one.run("sleep 60")

    assert raised.value.reason == STOPPED


def test_builds_wait_for_a_place():
    queue, stop, order = Queue(1), threading.Event(), []
    assert queue.enter("first", stop, 1)
    assert not queue.enter("second", stop, 0)

    waiting = threading.Thread(target=lambda: order.append(queue.enter("third", stop, 30)))
    waiting.start()
    queue.leave("first")
    waiting.join(10)
    assert order == [True]

    stop.set()
    assert not queue.enter("fourth", stop, 30)
