"""Notices pushes: looks at the branches of the repositories again and again, and tells what changed."""

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from fairway.twin.runtime.sources_filters import Push
from fairway.twin.runtime.sources_repositories import GitError, Repository

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25


class SourceWatcher:
    """Tells of every change of a branch after it was started; what was pushed before is no push."""

    def __init__(self, repositories: Mapping[str, Path], tell: Callable[[Push], None]) -> None:
        self._repositories = [Repository(name, path) for name, path in repositories.items()]
        self._tell = tell
        self._known = {one.full_name: one.branches() for one in self._repositories}
        self._stopped = threading.Event()

    def start(self) -> None:
        """Look from now on, in a thread of its own, if there is anything to look at."""
        if self._repositories:
            threading.Thread(target=self._run, name="source-watcher", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:  # one bad repository must not end the watch over the others
                logger.exception("a repository could not be looked at")

    def look(self) -> None:
        """Look once, and tell of each branch that is at another commit than before."""
        for repository in self._repositories:
            before, now = self._known[repository.full_name], repository.branches()
            self._known[repository.full_name] = now
            for branch, commit in now.items():
                if before.get(branch) != commit:
                    self._tell(
                        Push(repository.full_name, branch, commit, self._changed(repository, before, branch, now))
                    )

    def _changed(
        self, repository: Repository, before: Mapping[str, str], branch: str, now: Mapping[str, str]
    ) -> list[str]:
        try:
            return repository.changed(before.get(branch), now[branch])
        except GitError:  # the commit before is gone, as after a forced push and a clean-up
            return repository.changed(None, now[branch])
